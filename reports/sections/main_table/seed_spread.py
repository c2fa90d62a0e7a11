"""The standard deviation over seeds, as readers of a table take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.arrays import FloatArray
from reports.statistics.rerun import do_vary


@dataclass(frozen=True)
class SeedSpread:
    """How scores of one arm spread over its seeds.

    Attributes:
        num_seeds: seeds with a score on every cell that the arm has any score on.
        deviation: sample standard deviation (divided by n - 1) of the scores of those seeds, each its mean over cells;
            None for fewer than two of them.
    """

    num_seeds: int
    deviation: float | None


def complete_seeds(has_score: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(S,) the seeds that have a score on every cell that any of them has one on. has_score: (S, C)."""
    cells = has_score.any(axis=0)
    return np.asarray(has_score[:, cells].all(axis=1) & cells.any())


def seed_spread(scores: FloatArray) -> SeedSpread:
    """The spread of the scores (S, C) of one arm; NaN: no run, or a run that leaves the metric undefined.

    A seed is one repetition of the whole experiment: under folds its score is the mean over them, as a single seed's
    would be reported. The folds' own differences are no part of it (they are the same for every seed), and neither are
    seeds that lack a fold, whose means would be over other data.
    """
    has_score = np.isfinite(scores)
    seeds = complete_seeds(has_score)
    number = int(seeds.sum())
    if number < 2:
        return SeedSpread(number, None)
    means = scores[seeds][:, has_score.any(axis=0)].mean(axis=1)
    # Equal runs have a standard deviation of rounding errors otherwise.
    return SeedSpread(number, float(np.std(means, ddof=1)) if do_vary(means[:, None]) else 0.0)
