"""How much of the outcome of a search each parameter decides, by methods that the caller passes in.

The methods live elsewhere (they need a library that reports do not have); here they are given resamples and asked for
shares. What they return is never zero, also for a parameter that does nothing, and always adds up to one; so beside
each share stands how far pure noise reaches (Altmann et al. 2010, *Permutation importance: a corrected feature
importance measure*: the objective shuffled among the trials of each fold), and an interval from the bootstrap over
trials within folds (Efron and Tibshirani 1993, chapter 6).

Legend: ``n`` trials, ``P`` parameters, ``B`` samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from reports.hyperparameters.history import SearchHistory
from reports.hyperparameters.parameter import SearchedParameter
from reports.rounding import count
from reports.statistics.estimate import CONFIDENCE

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_TRIALS = 20
TRIALS_PER_PARAMETER = 3
NUM_POINT_ESTIMATES = 3
"""Methods with randomness of their own are averaged over so many runs on the whole search."""
MOST_SAMPLES, FEWEST_SAMPLES, SAMPLES_OF_A_REPORT = 25, 6, 80
"""Resamples per arm for each of interval and noise level: the last over the number of arms, within the first two. Few
of them widen the interval (t with one degree less than there are); they do not make it too narrow."""


@dataclass(frozen=True)
class Sample:
    """One question to a method: trials (with repetition) and a loss for each. rows: (n,) indices; losses: (n,)."""

    rows: IntArray
    losses: FloatArray


EvaluateImportance = Callable[[Sequence[SearchedParameter], FloatArray, Sequence[Sample]], FloatArray]
"""(P parameters, (n, P) units with NaN where inactive, B samples) -> (B, P) shares that add up to one over what the
method can judge, NaN in every sample for the rest. The answer depends on the arguments alone."""


@dataclass(frozen=True)
class ImportanceMethod:
    """name: as the literature calls it. meaning: what its shares say, one sentence. source: the paper."""

    name: str
    meaning: str
    source: str
    evaluate: EvaluateImportance


@dataclass(frozen=True)
class Share:
    """The importance of one parameter by one method.

    low, high: 95% interval over search trials, the folds held fixed. noise: what 95% of parameters without any effect
    stay below. num_trials: in which the parameter had an effect.
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
    """What one method says about one arm, most important first. unjudged: parameters that it cannot judge."""

    method: ImportanceMethod
    shares: tuple[Share, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True)
class Importance:
    """The importances of one arm. refusal: why there are none, as a sentence; empty if there are.

    num_samples: resamples behind each interval and each noise level.
    """

    arm: str
    num_trials: int
    num_pruned: int
    num_cells: int
    refusal: str = ""
    num_samples: int = 0
    methods: tuple[MethodShares, ...] = ()


def measure_importance(
    histories: Sequence[SearchHistory], methods: Sequence[ImportanceMethod], seed: int = 0
) -> tuple[Importance, ...]:
    """The importances of every arm that was searched; equal arguments give equal numbers."""
    num_samples = min(MOST_SAMPLES, max(FEWEST_SAMPLES, SAMPLES_OF_A_REPORT // max(len(histories), 1)))
    return tuple(_measure_arm(history, methods, num_samples, seed) for history in histories)


def _measure_arm(
    history: SearchHistory, methods: Sequence[ImportanceMethod], num_samples: int, seed: int
) -> Importance:
    kept = history.has_value
    losses, place, units = history.centred_losses()[kept], history.place[kept], history.units[kept]
    pruned = sum(status == "pruned" for status, has in zip(history.statuses, kept, strict=True) if has)
    head = (history.arm, losses.size, pruned, int(np.unique(place).size))
    needed = max(MIN_TRIALS, TRIALS_PER_PARAMETER * len(history.parameters))
    if not methods:
        return Importance(*head, refusal="no method was at hand when the report was written")
    if len(history.parameters) < 2:
        return Importance(*head, refusal="a share takes at least two parameters to divide")
    if losses.size < needed:
        subject = f"{count(losses.size, 'trial')} with a value for {count(len(history.parameters), 'parameter')}"
        return Importance(*head, refusal=f"{subject}: it takes {needed}")
    if np.ptp(losses) == 0:
        return Importance(*head, refusal="every trial of a fold gave the same value")
    samples = _draw_samples(losses, place, num_samples, seed)
    shares = tuple(_method_shares(method, history.parameters, units, samples, num_samples) for method in methods)
    return Importance(*head, "", num_samples, shares)


def _draw_samples(losses: FloatArray, place: IntArray, num_samples: int, seed: int) -> list[Sample]:
    """The whole search several times, then resamples of trials within cells, then losses shuffled within cells."""
    random = np.random.default_rng(seed)
    everything = np.arange(losses.size)
    cells = [np.flatnonzero(place == cell) for cell in np.unique(place)]
    samples = [Sample(everything, losses)] * NUM_POINT_ESTIMATES
    for _ in range(num_samples):
        rows = np.concatenate([random.choice(cell, cell.size) for cell in cells])
        samples.append(Sample(rows, losses[rows]))
    for _ in range(num_samples):
        shuffled = losses.copy()
        for cell in cells:
            shuffled[cell] = random.permutation(losses[cell])
        samples.append(Sample(everything, shuffled))
    return samples


def _method_shares(
    method: ImportanceMethod,
    parameters: Sequence[SearchedParameter],
    units: FloatArray,
    samples: Sequence[Sample],
    num_samples: int,
) -> MethodShares:
    found = method.evaluate(parameters, units, samples)
    points, resampled, shuffled = np.split(found, [NUM_POINT_ESTIMATES, NUM_POINT_ESTIMATES + num_samples])
    value = points.mean(axis=0)
    half_width = stats.t.ppf((1 + CONFIDENCE) / 2, num_samples - 1) * resampled.std(axis=0, ddof=1)
    noise = _noise_levels(parameters, shuffled)
    is_judged = np.isfinite(value)
    order = sorted(np.flatnonzero(is_judged).tolist(), key=lambda j: (-value[j], parameters[j].name))
    shares = tuple(
        Share(
            parameters[j],
            float(value[j]),
            max(0.0, float(value[j] - half_width[j])),
            min(1.0, float(value[j] + half_width[j])),
            float(noise[j]),
            int(np.isfinite(units[:, j]).sum()),
        )
        for j in order
    )
    unjudged = tuple(parameters[j].name for j in np.flatnonzero(~is_judged).tolist())
    return MethodShares(method, shares, unjudged)


def _noise_levels(parameters: Sequence[SearchedParameter], shuffled: FloatArray) -> FloatArray:
    """(P,) the 95% quantile of shares without any effect, pooled over parameters of one kind and number of options.

    Without effect such parameters are alike, and a handful of shuffles then gives many draws. shuffled: (B, P).
    """
    kinds = [len(parameter.options) for parameter in parameters]
    levels = np.full(len(parameters), np.nan)
    for kind in set(kinds):
        columns = [j for j, own in enumerate(kinds) if own == kind and np.isfinite(shuffled[:, j]).any()]
        if columns:
            draws = shuffled[:, columns]
            levels[columns] = np.quantile(draws[np.isfinite(draws)], CONFIDENCE)
    return levels
