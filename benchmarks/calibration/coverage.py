"""How often the product's 95% intervals contain the truth, on studies with real ridge arms.

Each question has its own truth. *Rerun*: the mean over infinitely many seeds given these data and folds, known exactly.
*New data*: the mean over newly drawn data sets of the same size, from a separate simulation of ``num_targets`` of them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from benchmarks.calibration.measured import METRIC, ask
from benchmarks.calibration.worlds import (
    COMPONENTS,
    NUM_FOLDS,
    Fitted,
    World,
    combinations_of_arms,
    draw_fitted,
    draw_run_errors,
    expected_scores,
)
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.factorial import CombinationWeights, interaction, main_effect
from reports.statistics.shapley import average_over_orders

SEEDS = (2, 3, 5, 10, 20)
REPEATS = (1, 2, 3, 5, 10, 20)
SEEDS_OF_REPEATS = 3


@dataclass(frozen=True)
class Effect:
    """A weighted sum of arms. kind: ``edge`` (full model minus one component), ``main effect``, ..."""

    kind: str
    of: str
    weights: Mapping[str, float]

    def of_scores(self, scores: FloatArray) -> float:
        """Its value for the mean scores (A,) of the arms."""
        arms = _arm_names()
        return float(sum(weight * scores[arms.index(arm)] for arm, weight in self.weights.items()))


@dataclass
class Tally:
    """Intervals seen of one kind: how many contained the truth, their half-widths, and how far the values were off."""

    covered: int = 0
    half_widths: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)

    def add(self, estimate: Estimate, truth: float) -> None:
        """Note one interval. An interval that the product refuses counts as one that does not cover."""
        self.misses.append(estimate.value - truth)
        if estimate.low is not None and estimate.high is not None:
            self.half_widths.append((estimate.high - estimate.low) / 2)
            self.covered += estimate.low <= truth <= estimate.high

    @property
    def coverage(self) -> float:
        """Share that contained the truth."""
        return self.covered / len(self.misses)

    @property
    def width_to_oracle(self) -> float:
        """Mean half-width over that of an oracle, who knows the standard deviation of the value."""
        oracle = float(stats.norm.ppf(0.975)) * float(np.sqrt(np.mean(np.square(self.misses))))
        return float(np.mean(self.half_widths)) / oracle if self.half_widths else np.nan


Key = tuple[str, int, str, str, str]
"""Question, seeds or repeats, kind of effect, effect, world."""


class Tallies:
    """Everything that was seen, by question, number of seeds or repeats, effect and world."""

    def __init__(self) -> None:
        self._found: dict[Key, Tally] = {}

    def take(self, found: Mapping[Key, Tally]) -> None:
        """Add the tallies of a world."""
        self._found |= found

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of effects."""
        return tuple(dict.fromkeys(key[2] for key in self._found))

    @property
    def num_studies(self) -> int:
        """Studies that were drawn."""
        smallest = min((key[1] for key in self._found), default=0)
        per_world = {key[4]: len(tally.misses) for key, tally in self._found.items() if key[1] == smallest}
        return sum(per_world.values())

    def pooled(self, question: str, kind: str) -> dict[int, Tally]:
        """Seeds or repeats -> all intervals of one kind together."""
        together: dict[int, Tally] = defaultdict(Tally)
        for (of_question, count, of_kind, _, _), tally in self._found.items():
            if (of_question, of_kind) == (question, kind):
                together[count].covered += tally.covered
                together[count].half_widths += tally.half_widths
                together[count].misses += tally.misses
        return dict(sorted(together.items()))

    def extremes(self, question: str, kind: str, count: int) -> tuple[float, float]:
        """Lowest and highest coverage of a single effect in a single world."""
        shares = [tally.coverage for tally in self._of(question, kind, count)]
        return min(shares), max(shares)

    def width(self, question: str, kind: str, count: int) -> float:
        """Mean over single effects and worlds of the width in an oracle's."""
        return float(np.mean([tally.width_to_oracle for tally in self._of(question, kind, count)]))

    def _of(self, *wanted: object) -> list[Tally]:
        question, kind, count = wanted
        return [tally for key, tally in self._found.items() if key[:3] == (question, count, kind)]


def effects() -> tuple[Effect, ...]:
    """Everything that intervals are checked for."""
    full = frozenset(COMPONENTS)
    shapley = average_over_orders(COMPONENTS).weights
    found = [Effect("edge", name, _by_arm({full: 1.0, full - {name}: -1.0})) for name in COMPONENTS]
    found += [Effect("main effect", name, _by_arm(main_effect(COMPONENTS, name))) for name in COMPONENTS]
    found += [Effect("Shapley value", name, _by_arm(shapley[name])) for name in COMPONENTS]
    pairs = itertools.combinations(COMPONENTS, 2)
    found += [Effect("interaction", f"{a} x {b}", _by_arm(interaction(COMPONENTS, a, b))) for a, b in pairs]
    found.append(Effect("score", "full model", _by_arm({full: 1.0})))
    return tuple(found)


def _arm_name(combination: frozenset[str]) -> str:
    return "+".join(name for name in COMPONENTS if name in combination) or "none"


def _arm_names() -> tuple[str, ...]:
    return tuple(_arm_name(frozenset(on)) for on in combinations_of_arms())


def _by_arm(weights: CombinationWeights) -> dict[str, float]:
    return {_arm_name(combination): weight for combination, weight in weights.items()}


def expected_over_data(world: World, num_targets: int, random: np.random.Generator) -> FloatArray:
    """(A,) mean scores over newly drawn data sets: the truth of the new-data question."""
    draws = (expected_scores(world, draw_fitted(world, 1, random)).mean(axis=1) for _ in range(num_targets))
    return np.asarray(np.mean(list(draws), axis=0))


def tally_world(world: World, num_studies: int, num_targets: int, num_long: int, seed: int) -> Mapping[Key, Tally]:
    """Draw ``num_studies`` studies and note their intervals; the first ``num_long`` of them have every repeat."""
    expected = expected_over_data(world, num_targets, np.random.default_rng([seed, 1]))
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for number in range(num_studies):
        random = np.random.default_rng([seed, 2, number])
        repeats = [count for count in REPEATS if count <= 5 or number < num_long]
        fitted = draw_fitted(world, repeats[-1], random)
        errors = [
            draw_run_errors(world, fitted, cell, SEEDS[-1] if cell < NUM_FOLDS else SEEDS_OF_REPEATS, random)
            for cell in range(len(fitted.offsets))
        ]
        for key, estimate, truth in _intervals(world, fitted, errors, repeats, expected):
            tallies[key].add(estimate, truth)
    return tallies


def _intervals(
    world: World, fitted: Fitted, errors: list[FloatArray], repeats: list[int], expected: FloatArray
) -> Iterator[tuple[Key, Estimate, float]]:
    """Every interval of one study with its truth."""
    arms, checked = _arm_names(), effects()
    given = expected_scores(world, fitted)[:, :NUM_FOLDS].mean(axis=1)
    videos = [fitted.tested(cell) for cell in range(len(errors))]
    for count in SEEDS:
        estimator = ask(arms, [found[:, :count] for found in errors[:NUM_FOLDS]], videos[:NUM_FOLDS])
        for effect in checked:
            estimates = estimator.linear_contrast(effect.weights, METRIC).estimates
            assert estimates is not None
            yield ("rerun", count, effect.kind, effect.of, world.name), estimates.rerun, effect.of_scores(given)
    for count in repeats:
        cells = count * NUM_FOLDS
        estimator = ask(arms, [found[:, :SEEDS_OF_REPEATS] for found in errors[:cells]], videos[:cells])
        for effect in checked:
            estimates = estimator.linear_contrast(effect.weights, METRIC).estimates
            assert estimates is not None
            key = ("new data", count, effect.kind, effect.of, world.name)
            yield key, estimates.new_data, effect.of_scores(expected)
