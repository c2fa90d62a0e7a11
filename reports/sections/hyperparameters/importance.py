"""How much of the outcome of a search each parameter decides, by methods that the caller passes in.

The methods (``importance_method.py``) are given resamples and asked for shares. What they return is never zero, also
for a parameter that does nothing, and always adds up to one; so beside each share stands how far pure noise reaches
(Altmann et al. 2010, *Permutation importance: a corrected feature importance measure*: the objective shuffled among the
trials of each fold), and an interval from the bootstrap over trials within folds (Efron and Tibshirani 1993, ch. 6).

Legend: ``n`` trials, ``P`` parameters, ``B`` samples.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.importance_method import ImportanceMethod, Sample
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.distributions import t_quantile
from reports.statistics.estimate import CONFIDENCE
from reports.text.rounding import count

MIN_TRIALS = 20
TRIALS_PER_PARAMETER = 3
NUM_POINT_ESTIMATES = 2
"""Methods with randomness of their own are averaged over so many runs on the whole search."""
MOST_SAMPLES, FEWEST_SAMPLES, SAMPLES_OF_A_REPORT = 25, 6, 80
"""Resamples per arm for each of interval and noise level: the last over the number of arms, within the first two. Few
of them widen the interval (t with one degree less than there are); they do not make it too narrow."""
FEWEST_SHUFFLES = 2
"""Shuffles per arm where many arms are searched alike and share the noise level."""


@dataclass(frozen=True)
class Share:
    """The importance of one parameter by one method.

    Attributes:
        parameter: with its searched range.
        value: its share, 0 to 1; the shares of all judged parameters add up to one.
        low, high: 95% interval over search trials, the folds held fixed.
        noise: what 95% of parameters without any effect stay below.
        num_trials: in which the parameter had an effect.
    """

    parameter: SearchedParameter
    value: float
    low: float
    high: float
    noise: float
    num_trials: int

    @property
    def stands_out(self) -> bool:
        """Whether the share is more than noise gives."""
        return self.value > self.noise


@dataclass(frozen=True)
class MethodShares:
    """What one method says about one arm.

    Attributes:
        method: the one that measured.
        shares: the most important first.
        unjudged: names of parameters that it cannot judge.
    """

    method: ImportanceMethod
    shares: tuple[Share, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True)
class Importance:
    """The importances of one arm.

    Attributes:
        arm: its name.
        num_trials, num_pruned: search trials with a value; those of them that were stopped early.
        num_cells: cells with a search.
        refusal: why there are no importances, as a sentence; empty if there are.
        num_samples: resamples behind each interval; as many shuffles or more are behind each noise level.
        methods: one entry per method; empty after a refusal.
    """

    arm: str
    num_trials: int
    num_pruned: int
    num_cells: int
    refusal: str = ""
    num_samples: int = 0
    methods: tuple[MethodShares, ...] = ()


@dataclass(frozen=True)
class _Shape:
    """What decides how far noise reaches in a search. kinds: of its parameters, sorted; num_trials: with a value."""

    kinds: tuple[int, ...]
    num_trials: int

    def is_like(self, other: _Shape) -> bool:
        """Whether noise reaches as far in both: the same kinds of parameters and about as many trials."""
        sizes = sorted((self.num_trials, other.num_trials))
        return self.kinds == other.kinds and sizes[1] <= 1.25 * sizes[0]


@dataclass(frozen=True)
class _Search:
    """What is asked of the methods for one arm. losses, place: (n,), trials with a value only; units: (n, P)."""

    arm: str
    parameters: tuple[SearchedParameter, ...]
    losses: FloatArray
    place: IntArray
    units: FloatArray
    num_pruned: int

    @classmethod
    def of(cls, history: SearchHistory) -> _Search:
        kept = history.has_value
        num_pruned = sum(status == "pruned" for status in itertools.compress(history.statuses, kept))
        losses, place, units = history.centred_losses()[kept], history.place[kept], history.units[kept]
        return cls(
            arm=history.arm,
            parameters=history.parameters,
            losses=losses,
            place=place,
            units=units,
            num_pruned=num_pruned,
        )

    @property
    def kinds(self) -> tuple[int, ...]:
        """(P,) the number of options of each parameter, 0 for a numeric one."""
        return tuple(len(parameter.options) for parameter in self.parameters)

    @property
    def shape(self) -> _Shape:
        return _Shape(tuple(sorted(self.kinds)), self.losses.size)

    def refusal(self, methods: Sequence[ImportanceMethod]) -> str:
        """Why nothing can be asked; empty if it can."""
        needed = max(MIN_TRIALS, TRIALS_PER_PARAMETER * len(self.parameters))
        if not methods:
            return "no method was at hand when the report was written"
        if len(self.parameters) < 2:
            return "a share takes at least two parameters to divide"
        if self.losses.size < needed:
            subject = f"{count(self.losses.size, 'trial')} with a value for {count(len(self.parameters), 'parameter')}"
            return f"{subject}: it takes {needed}"
        return "every trial of a fold gave the same value" if np.ptp(self.losses) == 0 else ""

    def samples(self, num_resampled: int, num_shuffled: int, seed: int) -> list[Sample]:
        """The whole search twice, then resamples of trials within cells, then losses shuffled within cells."""
        random = np.random.default_rng(seed)
        everything = np.arange(self.losses.size)
        cells = [np.flatnonzero(self.place == cell) for cell in np.unique(self.place)]
        samples = [Sample(everything, self.losses)] * NUM_POINT_ESTIMATES
        for _ in range(num_resampled):
            rows = np.concatenate([random.choice(cell, cell.size) for cell in cells])
            samples.append(Sample(rows, self.losses[rows]))
        for _ in range(num_shuffled):
            shuffled = self.losses.copy()
            for cell in cells:
                shuffled[cell] = random.permutation(self.losses[cell])
            samples.append(Sample(everything, shuffled))
        return samples


def measure_importance(
    histories: Sequence[SearchHistory], methods: Sequence[ImportanceMethod], seed: int = 0
) -> tuple[Importance, ...]:
    """The importances of every arm that was searched; equal arguments give equal numbers.

    Args:
        histories: one per arm.
        methods: those to measure by; none: no importances.
        seed: of the resamples and shuffles.
    """
    searches = [_Search.of(history) for history in histories]
    asked = [search for search in searches if not search.refusal(methods)]
    num_samples = min(MOST_SAMPLES, max(FEWEST_SAMPLES, SAMPLES_OF_A_REPORT // max(len(asked), 1)))
    found = [_measure(method, asked, num_samples, seed) for method in methods]
    shares = {search.arm: parts for search, *parts in zip(asked, *found, strict=True)}
    return tuple(
        Importance(
            arm=search.arm,
            num_trials=search.losses.size,
            num_pruned=search.num_pruned,
            num_cells=int(np.unique(search.place).size),
            refusal=search.refusal(methods),
            num_samples=num_samples if search.arm in shares else 0,
            methods=tuple(shares.get(search.arm, ())),
        )
        for search in searches
    )


def _measure(method: ImportanceMethod, searches: Sequence[_Search], num_samples: int, seed: int) -> list[MethodShares]:
    """What one method says about each search. Searches that are alike share what noise gives, and its cost."""
    num_shuffled = _shuffles_by_shape([search.shape for search in searches], num_samples)
    ends = [NUM_POINT_ESTIMATES, NUM_POINT_ESTIMATES + num_samples]
    parts = []
    for search in searches:
        samples = search.samples(num_samples, num_shuffled[search.shape], seed)
        parts.append(np.split(method.evaluate(search.parameters, search.units, samples), ends))
    shuffled = [(search, shares) for search, (_, _, shares) in zip(searches, parts, strict=True)]
    noise = {
        shape: _noise_levels([(search.kinds, shares) for search, shares in shuffled if shape.is_like(search.shape)])
        for shape in num_shuffled
    }
    return [
        _method_shares(method, search, points.mean(axis=0), resampled, noise[search.shape])
        for search, (points, resampled, _) in zip(searches, parts, strict=True)
    ]


def _shuffles_by_shape(shapes: Sequence[_Shape], num_samples: int) -> dict[_Shape, int]:
    """How often the losses of each search of a shape are shuffled: ``num_samples`` times in all searches like it."""
    numbers = Counter(shapes)
    num_alike = {shape: sum(number for other, number in numbers.items() if shape.is_like(other)) for shape in numbers}
    return {shape: max(FEWEST_SHUFFLES, math.ceil(num_samples / number)) for shape, number in num_alike.items()}


def _method_shares(
    method: ImportanceMethod,
    search: _Search,
    value: FloatArray,
    resampled: FloatArray,
    noise: Mapping[int, float],
) -> MethodShares:
    """value: (P,); resampled: (B, P); noise: kind of a parameter -> its noise level."""
    half_width = t_quantile((1 + CONFIDENCE) / 2, len(resampled) - 1) * resampled.std(axis=0, ddof=1)
    is_judged = np.isfinite(value)
    order = sorted(np.flatnonzero(is_judged).tolist(), key=lambda j: (-value[j], search.parameters[j].name))
    shares = tuple(
        Share(
            parameter=search.parameters[j],
            value=float(value[j]),
            low=max(0.0, float(value[j] - half_width[j])),
            high=min(1.0, float(value[j] + half_width[j])),
            noise=noise[search.kinds[j]],
            num_trials=int(np.isfinite(search.units[:, j]).sum()),
        )
        for j in order
    )
    unjudged = tuple(search.parameters[j].name for j in np.flatnonzero(~is_judged).tolist())
    return MethodShares(method, shares, unjudged)


def _noise_levels(shuffled: Sequence[tuple[Sequence[int], FloatArray]]) -> dict[int, float]:
    """Kind -> the 95% quantile of shares without any effect, pooled over all parameters of that kind.

    shuffled: kinds and (B, P) shares of every search that is alike.
    Without effect such parameters are alike, and a handful of shuffles then gives many draws.
    """
    draws: dict[int, list[FloatArray]] = defaultdict(list)
    for kinds, shares in shuffled:
        for kind, column in zip(kinds, shares.T, strict=True):
            draws[kind].append(column[np.isfinite(column)])
    pooled = {kind: np.concatenate(columns) for kind, columns in draws.items()}
    return {kind: float(np.quantile(column, CONFIDENCE)) for kind, column in pooled.items() if column.size}
