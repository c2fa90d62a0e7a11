"""The workers that share one global batch, as a model and its losses see them.

A trial may be trained by several workers that each hold some rows of every batch. What a worker computes as its loss is
its *share*: the shares of all workers add up to the loss of the whole batch, and so do their gradients. Two rules keep
that true, and cost a worker that is alone nothing:

- a mean counts over the whole batch: ``sharing.mean(x)``, or ``x.sum() / sharing.total(count)``;
- what compares rows is computed by every worker on ``sharing.gather(x)``, and each contributes an equal part of it:
  ``term / sharing.num_workers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class BatchSharing(Protocol):
    """One global batch and who shares it, seen by the worker that holds ``B`` of its rows."""

    @property
    def num_workers(self) -> int:
        """How many workers share the batch."""
        ...

    def num_rows(self, own: int) -> int:
        """Rows that all workers together have, this one ``own`` of them; costs no communication."""
        ...

    def mean(self, x: Tensor) -> Tensor:
        """This worker's share of the mean of ``x`` (B, ...) over the rows of the global batch."""
        ...

    def total(self, count: Tensor) -> Tensor:
        """The sum of ``count`` over all workers, without gradient."""
        ...

    def gather(self, x: Tensor) -> Tensor:
        """``x`` (B, ...) of all workers in the order of the global batch, the same on each of them.

        Its gradient sums what every worker did with this worker's rows.
        """
        ...


@dataclass(frozen=True)
class Alone:
    """The :class:`BatchSharing` of a worker that has the whole batch."""

    @property
    def num_workers(self) -> int:
        return 1

    def num_rows(self, own: int) -> int:
        return own

    def mean(self, x: Tensor) -> Tensor:
        return x.mean(0)

    def total(self, count: Tensor) -> Tensor:
        return count

    def gather(self, x: Tensor) -> Tensor:
        return x


ALONE = Alone()
