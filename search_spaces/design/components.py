"""Combinations of components: the designs of an ablation, and what a combination is called.

Which combinations can run, and what the components are called, is the method's own knowledge
(:class:`~search_spaces.terms.catalogue.MethodSchema`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from search_spaces.design.settings import full_settings
from search_spaces.schema.schema import Ablation
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Value

Toggles = Mapping[str, bool]
MAX_COMPONENTS = 10
"""A factorial of ten has 1024 combinations already."""


@dataclass(frozen=True)
class Combination:
    """Which components are on.

    Attributes:
        toggles: component -> whether it is on.
        forced: components that had to change with another one to make the combination possible.
        kept_by: the setting that it turns on, whatever the model section says, to keep the heads of what is off; empty:
            none.
    """

    toggles: Toggles
    forced: tuple[str, ...] = ()
    kept_by: str = ""

    @property
    def settings(self) -> dict[str, Value]:
        """What the combination sets over the model section."""
        return {**self.toggles, self.kept_by: True} if self.kept_by else dict(self.toggles)


class DesignError(ValueError):
    """A design that the method cannot realise; ``path`` is the key to blame, inside ``arms``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def switched_components(method: MethodSchema, ablation: Ablation) -> tuple[str, ...]:
    """The components that the ablation switches: those it names, else those of the design."""
    if ablation.components is not None:
        return ablation.components
    if ablation.design == "published" and method.published is not None:
        return method.published.rows[0]
    return method.component_names


def switched_settings(method: MethodSchema, ablation: Ablation) -> tuple[str, ...]:
    """Everything that the ablation sets in its arms."""
    kept = method.kept_heads if ablation.design == "published" else None
    return (*switched_components(method, ablation), *([kept.setting] if kept else []))


def design_combinations(
    method: MethodSchema, fixed: Mapping[str, Value], ablation: Ablation
) -> tuple[Combination, ...]:
    """The combinations that an ablation asks for, baseline first, each once and each feasible.

    Args:
        method: whose components are switched.
        fixed: settings of the model section; the toggles of a combination override them.
        ablation: the section.

    Raises:
        DesignError: a named combination is impossible.
    """
    names = switched_components(method, ablation)
    if len(names) > MAX_COMPONENTS:
        raise DesignError(
            "ablation.components", f"at most {MAX_COMPONENTS} can be switched, got {len(names)}; name fewer"
        )
    feasible = _Feasibility(method, fixed, names)
    if ablation.rows is not None:
        combinations = _rows(feasible, ablation.rows)
    elif ablation.design == "published":
        combinations = _published(feasible)
    elif ablation.design == "leave_one_out":
        combinations = _one_changed(feasible, start=True)
    elif ablation.design == "add_one":
        combinations = _one_changed(feasible, start=False)
    else:
        combinations = _factorial(feasible)
    return _distinct(combinations)


def possible_combinations(
    method: MethodSchema, fixed: Mapping[str, Value], ablation: Ablation
) -> tuple[Combination, ...]:
    """Every combination of the ablation's components that the method can run, whether the design has it or not.

    Args:
        method: whose components are switched.
        fixed: settings of the model section; the toggles of a combination override them.
        ablation: the section.
    """
    return _possible(_Feasibility(method, fixed, switched_components(method, ablation)))


@dataclass(frozen=True)
class _Feasibility:
    method: MethodSchema
    fixed: Mapping[str, Value]
    names: tuple[str, ...]

    def conflict(self, toggles: Toggles) -> str | None:
        return self.method.find_conflict(full_settings(self.method, {**self.fixed, **toggles}))

    def with_heads_kept(self) -> Iterator[Combination]:
        """The full model without one component whose heads stay, where the model section does not keep them already."""
        kept = self.method.kept_heads
        if kept is None or full_settings(self.method, self.fixed)[kept.setting]:
            return
        for name in kept.components:
            toggles = self.all_alike(True) | {name: False}
            if name in self.names and self.conflict({**toggles, kept.setting: True}) is None:
                yield Combination(toggles, kept_by=kept.setting)

    def require(self, toggles: Toggles, path: str) -> Combination:
        conflict = self.conflict(toggles)
        if conflict:
            written = ", ".join(f"{name}: {str(on).lower()}" for name, on in toggles.items())
            raise DesignError(path, f"{{{written}}} is impossible: {conflict}; change or remove it")
        return Combination(toggles)

    def all_alike(self, on: bool) -> dict[str, bool]:
        return dict.fromkeys(self.names, on)

    def every(self) -> Iterable[dict[str, bool]]:
        """All combinations, feasible or not; those with more components on, and earlier ones on, come first."""
        combinations = [
            dict(zip(self.names, values, strict=True))
            for values in itertools.product((True, False), repeat=len(self.names))
        ]
        return sorted(combinations, key=lambda toggles: -sum(toggles.values()))


def _published(feasible: _Feasibility) -> list[Combination]:
    published = feasible.method.published
    if published is None:
        raise DesignError(
            "ablation.design", f"{feasible.method.name} declares no published rows; choose another design"
        )
    wanted = published.rows[0]
    if set(feasible.names) != set(wanted):
        raise DesignError(
            "ablation.components",
            f"the published rows are defined for {', '.join(wanted)}, got {', '.join(feasible.names)}; "
            "name exactly these or choose another design",
        )
    rows = [feasible.require({name: name in row for name in wanted}, "ablation.design") for row in published.rows]
    return [*rows, *feasible.with_heads_kept()]


def _rows(feasible: _Feasibility, rows: Sequence[Toggles]) -> list[Combination]:
    baseline = feasible.require(feasible.all_alike(True), "ablation.rows")
    combinations = [baseline]
    for i, row in enumerate(rows):
        unknown = next((name for name in row if name not in feasible.names), None)
        if unknown is not None:
            raise DesignError(f"ablation.rows[{i}].{unknown}", f"unknown component; {suggest(unknown, feasible.names)}")
        toggles = feasible.all_alike(True) | dict(row)
        combination = feasible.require(toggles, f"ablation.rows[{i}]")
        if combination in combinations[1:]:
            raise DesignError(f"ablation.rows[{i}]", "the same combination stands twice; keep one")
        combinations.append(combination)
    return combinations


def _one_changed(feasible: _Feasibility, start: bool) -> list[Combination]:
    """All components alike (``start``), then each one changed, with as few others following as possible."""
    baseline = feasible.all_alike(start)
    combinations = [feasible.require(baseline, "ablation.design")]
    for name in feasible.names:
        candidates = [
            toggles for toggles in feasible.every() if toggles[name] is not start and feasible.conflict(toggles) is None
        ]
        if not candidates:
            raise DesignError(
                "ablation.components", f"no possible combination has {name} {'off' if start else 'on'}; remove it"
            )
        nearest = min(candidates, key=lambda toggles: sum(on is not start for on in toggles.values()))
        forced = tuple(other for other in feasible.names if other != name and nearest[other] is not start)
        combinations.append(Combination(nearest, forced))
    return combinations


def _factorial(feasible: _Feasibility) -> list[Combination]:
    baseline = feasible.require(feasible.all_alike(True), "ablation.design")
    return [baseline, *_possible(feasible)]


def _possible(feasible: _Feasibility) -> tuple[Combination, ...]:
    return tuple(Combination(toggles) for toggles in feasible.every() if feasible.conflict(toggles) is None)


def _distinct(combinations: Iterable[Combination]) -> tuple[Combination, ...]:
    kept: dict[tuple[tuple[str, Value], ...], Combination] = {}
    for combination in combinations:
        kept.setdefault(tuple(sorted(combination.settings.items())), combination)
    return tuple(kept.values())


def name_combination(toggles: Toggles, keeps_heads: bool = False) -> str:
    """``full``, ``no-b``, ``no-b-c``, ``only-a``, ``none``: over all components of the method.

    ``no-b-heads`` where the heads of what is off are kept.
    """
    name = _name_toggles(toggles)
    return f"{name}-heads" if keeps_heads else name


def _name_toggles(toggles: Toggles) -> str:
    on, off = _split(toggles)
    if not off:
        return "full"
    if not on and len(off) > 1:
        return "none"
    if len(on) == 1 and len(off) > 1:
        return f"only-{on[0]}"
    return f"no-{'-'.join(off)}"


def label_combination(method: MethodSchema, combination: Combination, toggles: Toggles) -> str:
    """``full model``, ``w/o B``, ``A only``, ``no component``; names what was forced or kept."""
    on, off = _split(toggles)
    if not off:
        label = "full model"
    elif not on and len(off) > 1:
        label = "no component"
    elif len(on) == 1 and len(off) > 1:
        label = f"{method.component_label(on[0])} only"
    else:
        label = f"w/o {', '.join(map(method.component_label, off))}"
    if combination.forced:
        followers = ", ".join(map(method.component_label, combination.forced))
        label += f" ({followers} had to follow)"
    return f"{label}, heads kept" if combination.kept_by else label


def _split(toggles: Toggles) -> tuple[list[str], list[str]]:
    return [name for name, on in toggles.items() if on], [name for name, on in toggles.items() if not on]
