"""One worker's rows of a global batch, and who has the others (:class:`~dmd.batch_sharing.BatchSharing`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dmd.training.distributed.collectives import sum_in_place


def split_rows(num_rows: int, num_workers: int) -> tuple[int, ...]:
    """Rows per worker: consecutive, as equal as possible, the first workers get what is over; some may get none."""
    each, over = divmod(num_rows, num_workers)
    return tuple(each + (rank < over) for rank in range(num_workers))


@dataclass(frozen=True)
class Shard:
    """Rows of worker ``rank``, where worker r has ``sizes[r]`` of them, one worker after the other."""

    rank: int
    sizes: tuple[int, ...]

    @property
    def rows(self) -> slice:
        """Which rows of the global batch these are."""
        start = sum(self.sizes[: self.rank])
        return slice(start, start + self.sizes[self.rank])

    @property
    def num_workers(self) -> int:
        return len(self.sizes)

    def num_rows(self, own: int) -> int:
        assert own == self.sizes[self.rank], "this is not the shard that was taken"
        return sum(self.sizes)

    def mean(self, x: Tensor) -> Tensor:
        return x.sum(0) / self.num_rows(len(x))

    def total(self, count: Tensor) -> Tensor:
        return sum_in_place(count.detach().clone())

    def gather(self, x: Tensor) -> Tensor:
        gathered: Tensor = _Gather.apply(x, self)  # type: ignore[no-untyped-call]
        return gathered


@dataclass(frozen=True)
class Copies:
    """The :class:`~dmd.batch_sharing.BatchSharing` of a batch with fewer rows than workers: each of them has all of it.

    Nobody is left without rows (a model need not know what to do with none) and nothing is sent; every worker computes
    an equal part of each term, with dropout masks of its own.
    """

    num_workers: int

    def num_rows(self, own: int) -> int:
        return own * self.num_workers

    def mean(self, x: Tensor) -> Tensor:
        return x.mean(0) / self.num_workers

    def total(self, count: Tensor) -> Tensor:
        return count.detach() * self.num_workers

    def gather(self, x: Tensor) -> Tensor:
        return x


class _Gather(torch.autograd.Function):
    """Rows of all workers: each puts its own into zeros, and the sum has them all.

    One kind of collective serves both directions, whatever the sizes: the gradient of one's rows is the sum of what
    all workers did with them.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, shard: Shard) -> Tensor:
        ctx.rows = shard.rows
        gathered = x.new_zeros(sum(shard.sizes), *x.shape[1:])
        gathered[shard.rows] = x
        return sum_in_place(gathered)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        summed = sum_in_place(gradient.contiguous().clone())
        return summed[ctx.rows], None
