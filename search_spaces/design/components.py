"""Combinations of components: the designs of an ablation, and what a combination is called.

Which combinations can run is the method's own knowledge (``MethodSchema.find_conflict``); nothing here knows a model
but the six printed rows of Table 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search_spaces.design.settings import full_settings
from search_spaces.schema.schema import Ablation
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Value

COMPONENT_LABELS: Mapping[str, str] = {
    "fd": "FD",
    "homo_gd": "HomoGD",
    "ca": "CA",
    "hetero_gd": "HeteroGD",
    "gd": "GD",
}

PUBLISHED_ROWS: tuple[tuple[str, ...], ...] = (
    ("fd", "homo_gd", "ca", "hetero_gd"),
    ("fd", "homo_gd", "ca"),
    ("fd", "homo_gd", "hetero_gd"),
    ("fd", "homo_gd"),
    ("fd",),
    (),
)
"""The rows of Table 3 of the paper: the components that are on."""

KEEP_AUX_HEADS = "keep_aux_heads"
"""The setting that keeps the heads of a switched-off GD-Unit: supervision without distillation."""

KEEP_AUX_HEADS_ROWS: tuple[str, ...] = ("hetero_gd", "homo_gd")
"""The components that the published design also takes from the full model alone, with their heads kept."""

Toggles = Mapping[str, bool]
MAX_COMPONENTS = 10
"""A factorial of ten has 1024 combinations already."""


@dataclass(frozen=True)
class Combination:
    """Which components are on.

    Attributes:
        toggles: component -> whether it is on.
        forced: components that had to change with another one to make the combination possible.
        keeps_heads: whether it sets :data:`KEEP_AUX_HEADS`, whatever the model section says.
    """

    toggles: Toggles
    forced: tuple[str, ...] = ()
    keeps_heads: bool = False

    @property
    def settings(self) -> dict[str, Value]:
        """What the combination sets over the model section."""
        return {**self.toggles, KEEP_AUX_HEADS: True} if self.keeps_heads else dict(self.toggles)


class DesignError(ValueError):
    """A design that the method cannot realise; ``path`` is the key to blame, inside ``arms``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def label_component(name: str) -> str:
    return COMPONENT_LABELS.get(name, name)


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
    names = ablation.components or method.components
    if len(names) > MAX_COMPONENTS:
        raise DesignError(
            "ablation.components", f"at most {MAX_COMPONENTS} can be switched, got {len(names)}; name fewer"
        )
    feasible = _Feasibility(method, fixed, tuple(names))
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
    names = ablation.components or method.components
    return _possible(_Feasibility(method, fixed, tuple(names)))


@dataclass(frozen=True)
class _Feasibility:
    method: MethodSchema
    fixed: Mapping[str, Value]
    names: tuple[str, ...]

    def conflict(self, toggles: Toggles) -> str | None:
        return self.method.find_conflict(full_settings(self.method, {**self.fixed, **toggles}))

    @property
    def may_keep_heads(self) -> bool:
        """Whether the method can keep the heads of what is switched off, and does not do so already."""
        return KEEP_AUX_HEADS in self.method.settings and not full_settings(self.method, self.fixed)[KEEP_AUX_HEADS]

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
    wanted = PUBLISHED_ROWS[0]
    if set(feasible.names) != set(wanted):
        raise DesignError(
            "ablation.components",
            f"the published rows are defined for {', '.join(wanted)}, got {', '.join(feasible.names)}; "
            "name these four or choose another design",
        )
    combinations = [
        feasible.require({name: name in row for name in wanted}, "ablation.design") for row in PUBLISHED_ROWS
    ]
    if feasible.may_keep_heads:
        for name in KEEP_AUX_HEADS_ROWS:
            toggles = feasible.all_alike(True) | {name: False}
            combinations.append(Combination(feasible.require(toggles, "ablation.design").toggles, keeps_heads=True))
    return combinations


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
    """``full``, ``no-ca``, ``no-ca-hetero_gd``, ``only-fd``, ``none``: over all components of the method.

    ``no-ca-heads`` where the heads of what is off are kept.
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


def label_combination(combination: Combination, toggles: Toggles) -> str:
    """``full model``, ``w/o HeteroGD``, ``FD only``, ``no component``; names what was forced or kept."""
    on, off = _split(toggles)
    if not off:
        label = "full model"
    elif not on and len(off) > 1:
        label = "no component"
    elif len(on) == 1 and len(off) > 1:
        label = f"{label_component(on[0])} only"
    else:
        label = f"w/o {', '.join(label_component(name) for name in off)}"
    if combination.forced:
        followers = ", ".join(label_component(name) for name in combination.forced)
        label += f" ({followers} had to follow)"
    return f"{label}, heads kept" if combination.keeps_heads else label


def _split(toggles: Toggles) -> tuple[list[str], list[str]]:
    return [name for name, on in toggles.items() if on], [name for name, on in toggles.items() if not on]
