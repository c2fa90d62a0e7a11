"""What each component is worth, from a factorial of arms: main effects, interactions, Shapley values, and the path.

Everything here is a linear contrast of arm means (:meth:`reports.results.estimates.Estimator.linear_contrast`), with
an interval for each question. None of it is a declared contrast: the intervals are unadjusted and there are no p-values
(honesty rule 4).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.records.declared import DeclaredMethod
from reports.records.study_description import StudyDescription
from reports.results.estimates import EstimatePair, Estimator
from reports.results.metrics import Metric
from reports.statistics.factorial import (
    Combination,
    CombinationWeights,
    all_combinations,
    interaction,
    level_mean,
    main_effect,
)
from reports.statistics.shapley import average_over_orders


@dataclass(frozen=True)
class Effect:
    """One weighted sum of arm means. components: what it is the effect of, one, or two for an interaction.

    estimates: metric -> its estimates; None where no seed and cell has a run of every arm that is needed.
    """

    components: tuple[str, ...]
    estimates: Mapping[str, EstimatePair | None]


@dataclass(frozen=True)
class LevelMean:
    """Mean score at one of the four levels of a pair of components, over every combination of the other components.

    An interaction plot draws these.

    Attributes:
        components: the pair.
        on: whether each of the two is on, in the same order.
        estimates: metric -> the estimates; None where no seed and cell has a run of every arm that is needed.
    """

    components: tuple[str, str]
    on: tuple[bool, bool]
    estimates: Mapping[str, EstimatePair | None]


@dataclass(frozen=True)
class Factorial:
    """The effects of ``components`` while ``held_on`` are on.

    Attributes:
        components: those that vary freely.
        held_on: those that are on throughout, because not every combination can run without them.
        arms: all that are needed and there.
        missing: what is on in each combination that has no arm; if there is one, nothing is computed.
        main_effects, shapley: one per component; empty where an arm is missing.
        interactions: one per pair of components; likewise.
        levels: four per pair of components; likewise.
    """

    components: tuple[str, ...]
    held_on: tuple[str, ...]
    arms: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    main_effects: tuple[Effect, ...] = ()
    shapley: tuple[Effect, ...] = ()
    interactions: tuple[Effect, ...] = ()
    levels: tuple[LevelMean, ...] = ()


@dataclass(frozen=True)
class PrecedenceShapley:
    """Shapley values over the orders that can be built (precedence-constrained).

    Attributes:
        components: those that are on in some combinations and off in others.
        num_orders, num_all_orders: orders averaged over; orders there would be without constraints.
        arms: all that are needed and there.
        missing: what is on in each combination that has no arm; if there is one, nothing is computed.
        values: one per component; empty where an arm is missing.
    """

    components: tuple[str, ...]
    num_orders: int
    num_all_orders: int
    arms: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    values: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class PathStep:
    """From one row of the method's printed ablation to the next: ``to_arm`` minus ``from_arm``.

    Attributes:
        from_arm, to_arm: by name.
        removed, added: components that the step switches off and on.
        estimates: metric -> the estimates; None where no pair of runs is complete.
    """

    from_arm: str
    to_arm: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    estimates: Mapping[str, EstimatePair | None]


@dataclass(frozen=True)
class Attribution:
    """What each component is worth.

    Attributes:
        factorial: effects over all combinations; None where the question does not arise (``note`` then says why), or no
            cube of combinations can run.
        constrained: values over the orders that can be built; None where ``factorial`` covers every component, or the
            question does not arise.
        path: steps from row to row of the printed ablation; descriptive.
        source: where that is printed.
        note: why there is neither; empty if there is one.
    """

    factorial: Factorial | None
    constrained: PrecedenceShapley | None
    path: tuple[PathStep, ...]
    note: str = ""
    source: str = ""


LEVELS = ((False, False), (False, True), (True, False), (True, True))
NO_COMPONENTS = "no arms differ in components"
NOT_RECORDED = "which combinations of components can run was not recorded with this study"


def attribute(estimator: Estimator, study: StudyDescription, metrics: Sequence[Metric]) -> Attribution:
    """The section's values. Where an arm is missing the result says which, and holds no number.

    Args:
        estimator: the results that the estimates are made from.
        study: as trained.
        metrics: in display order.
    """
    arms, method = _arms_by_combination(study), _ablated_method(study)
    bare = Attribution(None, None, _ablation_path(estimator, study, method, metrics), source=method.source)
    if len(arms) < 2:
        return replace(bare, note=NO_COMPONENTS)
    if not study.combinations:
        return replace(bare, note=NOT_RECORDED)
    possible = frozenset(frozenset(combination) for combination in study.combinations)
    named = {name for arm in study.arms for name in arm.components}
    varying = tuple(
        name
        for name in study.component_labels
        if name in named and 0 < sum(name in c for c in possible) < len(possible)
    )
    cube = _Cube(estimator=estimator, metrics=metrics, arms=arms, possible=possible, varying=varying)
    factorial = _factorial(cube)
    is_whole = factorial is not None and not factorial.held_on
    return replace(bare, factorial=factorial, constrained=None if is_whole else _constrained(cube))


def _estimates(
    estimator: Estimator, weights: Mapping[str, float], metrics: Sequence[Metric]
) -> dict[str, EstimatePair | None]:
    found = {metric.name: estimator.linear_contrast(weights, metric.name).estimates for metric in metrics}
    return {name: None if estimates is None else estimates.untested() for name, estimates in found.items()}


def _ablated_method(study: StudyDescription) -> DeclaredMethod:
    """What the baseline's method declares."""
    return study.method(next((arm.model for arm in study.arms if arm.name == study.baseline), ""))


def _arms_by_combination(study: StudyDescription) -> dict[Combination, str]:
    """The baseline and its ablations by what they have on; the first one planned speaks for its combination."""
    arms: dict[Combination, str] = {}
    for arm in study.family:
        if arm.components:
            arms.setdefault(frozenset(name for name, on in arm.components.items() if on), arm.name)
    return arms


@dataclass(frozen=True)
class _Cube:
    """Arms as corners of a cube of components.

    possible: the corners that can run. varying: the components that are on in some of them and off in others.
    """

    estimator: Estimator
    metrics: Sequence[Metric]
    arms: Mapping[Combination, str]
    possible: frozenset[Combination]
    varying: tuple[str, ...]

    @property
    def always_on(self) -> Combination:
        """What is on in every corner."""
        return frozenset.intersection(*self.possible)

    def measure(self, weights: CombinationWeights, also_on: Combination) -> dict[str, EstimatePair | None]:
        """The sum over corners (``also_on`` added to each) with its intervals, by metric."""
        of_arms = {self.arms[corner | also_on]: weight for corner, weight in weights.items()}
        return _estimates(self.estimator, of_arms, self.metrics)

    def find(self, corners: Sequence[Combination]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Arms of the corners, and what is on in each corner without one."""
        found = tuple(self.arms[corner] for corner in corners if corner in self.arms)
        lacking = [corner for corner in corners if corner not in self.arms]
        return found, tuple(tuple(name for name in self.varying if name in corner) for corner in lacking)


def _factorial(cube: _Cube) -> Factorial | None:
    """Effects of all components, or of as many as vary freely while as few others as possible are held on."""
    for num_held in range(max(1, len(cube.varying) - 1)):
        for held in itertools.combinations(cube.varying, num_held):
            free = tuple(name for name in cube.varying if name not in held)
            fixed = cube.always_on | set(held)
            corners = tuple(corner | fixed for corner in all_combinations(free))
            if cube.possible.issuperset(corners):
                arms, missing = cube.find(corners)
                bare = Factorial(free, held, arms, missing)
                return bare if missing else _measured(bare, cube, fixed)
    return None


def _measured(bare: Factorial, cube: _Cube, fixed: Combination) -> Factorial:
    free = bare.components
    pairs = tuple(itertools.combinations(free, 2))
    shapley = average_over_orders(free).weights
    return replace(
        bare,
        main_effects=tuple(Effect((name,), cube.measure(main_effect(free, name), fixed)) for name in free),
        shapley=tuple(Effect((name,), cube.measure(shapley[name], fixed)) for name in free),
        interactions=tuple(Effect(pair, cube.measure(interaction(free, *pair), fixed)) for pair in pairs),
        levels=tuple(
            LevelMean(pair, on, cube.measure(level_mean(free, dict(zip(pair, on, strict=True))), fixed))
            for pair in pairs
            for on in LEVELS
        ),
    )


def _constrained(cube: _Cube) -> PrecedenceShapley | None:
    """None if the full or the empty combination cannot run, or no order leads from one to the other."""
    num_all = math.factorial(len(cube.varying))
    try:
        average = average_over_orders(cube.varying, lambda corner: corner | cube.always_on in cube.possible)
    except ValueError:
        return None
    arms, missing = cube.find([corner | cube.always_on for corner in average.used])
    bare = PrecedenceShapley(
        components=cube.varying, num_orders=average.num_orders, num_all_orders=num_all, arms=arms, missing=missing
    )
    if missing:
        return bare
    values = tuple(Effect((n,), cube.measure(average.weights[n], cube.always_on)) for n in cube.varying)
    return replace(bare, values=values)


def _ablation_path(
    estimator: Estimator, study: StudyDescription, method: DeclaredMethod, metrics: Sequence[Metric]
) -> tuple[PathStep, ...]:
    """Steps between the rows of the method's printed ablation, in their order; none unless the components of the arms
    are those of the rows and no others: what another design shares with them is no path through them."""
    arms = _arms_by_combination(study)
    rows = [frozenset(row) for row in method.rows]
    steps: list[PathStep] = []
    if set(arms) != set(rows):
        return ()
    for before, after in itertools.pairwise(rows):
        weights = {arms[after]: 1.0, arms[before]: -1.0}
        estimates = _estimates(estimator, weights, metrics)
        removed = tuple(name for name in method.component_labels if name in before - after)
        added = tuple(name for name in method.component_labels if name in after - before)
        steps.append(
            PathStep(from_arm=arms[before], to_arm=arms[after], removed=removed, added=added, estimates=estimates)
        )
    return tuple(steps)
