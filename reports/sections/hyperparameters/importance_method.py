"""What measures the importance of parameters: methods that the caller of a report passes in.

They live elsewhere, for they need a library that reports do not have.

Legend: ``n`` trials, ``P`` parameters, ``B`` samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import FloatArray, IntArray


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
    """One way to measure importance.

    Attributes:
        name: as the literature calls it.
        meaning: what its shares say, one sentence.
        source: the paper.
        evaluate: from trials to shares.
        needs_draws: whether it is right for trials that were drawn at random only; of others it finds out what the
            searcher preferred.
    """

    name: str
    meaning: str
    source: str
    evaluate: EvaluateImportance
    needs_draws: bool = False
