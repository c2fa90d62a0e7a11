"""The workers that train one trial together: what the training loop asks of them.

Every worker holds the whole training part and the same weights, and goes through the same batches in step: it takes its
rows of each batch, and the gradients of all workers are summed before anything is done with them. What decides (the
first worker hears whether training goes on, and reads the checkpoint) reaches the others from the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.errors import WorkersDisagree
from dmd.job import EpochReport, OnEpoch
from dmd.random_streams import stream_key
from dmd.training.distributed.collectives import broadcast, sum_in_place
from dmd.training.distributed.shard import Copies, Shard, split_rows


class Team(Protocol):
    """One worker's view of all workers of its trial."""

    @property
    def rank(self) -> int:
        """This worker's number; the first, 0, reports, saves and scores."""
        ...

    @property
    def num_workers(self) -> int: ...

    def share_of(self, num_rows: int) -> tuple[slice, BatchSharing]:
        """Which of ``num_rows`` rows in order are this worker's (perhaps none), and who has the others."""
        ...

    def dropout_seed(self, seed: int) -> int:
        """The seed of this worker's dropout masks: shards of a batch must not share theirs."""
        ...

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        """Add the gradient of the whole batch's loss to every parameter's; ``loss`` is this worker's share of it."""
        ...

    def sum(self, values: Tensor) -> Tensor:
        """``values`` summed over all workers, without gradient."""
        ...

    def follow(self, on_epoch: OnEpoch) -> OnEpoch:
        """``on_epoch`` of the first worker, whose answer all others give too."""
        ...

    def same(self, content: bytes | None) -> bytes | None:
        """What the first worker passed."""
        ...

    def require_equal(self, weights: Iterable[Tensor]) -> None:
        """Raise WorkersDisagree unless all workers hold the same weights, bit for bit."""
        ...


@dataclass(frozen=True)
class Solo:
    """The :class:`Team` of a worker that trains its trial alone: nothing to split, nothing to sum."""

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1

    def share_of(self, num_rows: int) -> tuple[slice, BatchSharing]:
        return slice(0, num_rows), ALONE

    def dropout_seed(self, seed: int) -> int:
        return seed

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        torch.autograd.backward(loss)

    def sum(self, values: Tensor) -> Tensor:
        return values

    def follow(self, on_epoch: OnEpoch) -> OnEpoch:
        return on_epoch

    def same(self, content: bytes | None) -> bytes | None:
        return content

    def require_equal(self, weights: Iterable[Tensor]) -> None:
        """It agrees with itself."""


SOLO = Solo()


@dataclass(frozen=True)
class Several:
    """The :class:`Team` of worker ``rank`` of ``num_workers``, over torch.distributed's default group.

    Its collectives raise WorkerLost when another worker is gone.
    """

    rank: int
    num_workers: int

    def share_of(self, num_rows: int) -> tuple[slice, BatchSharing]:
        shard = Shard(self.rank, split_rows(num_rows, self.num_workers))
        return shard.rows, shard

    def dropout_seed(self, seed: int) -> int:
        return stream_key(seed, "worker", self.rank) if self.rank else seed

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        if self.rank > 0:
            # What earlier mini-batches left has been summed already: the first worker alone brings it along.
            for parameter in parameters:
                parameter.grad = None
        torch.autograd.backward(loss)
        _sum_gradients(parameters)

    def sum(self, values: Tensor) -> Tensor:
        return sum_in_place(values.detach().clone())

    def follow(self, on_epoch: OnEpoch) -> OnEpoch:
        def answer(report: EpochReport) -> bool:
            goes_on = torch.tensor(on_epoch(report) if self.rank == 0 else False)
            return bool(broadcast(goes_on))

        return answer

    def same(self, content: bytes | None) -> bytes | None:
        size = int(broadcast(torch.tensor(-1 if content is None else len(content))))
        if size < 0:
            return None
        if self.rank == 0:
            assert content is not None
            buffer = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        else:
            buffer = torch.empty(size, dtype=torch.uint8)
        return broadcast(buffer).numpy().tobytes()

    def require_equal(self, weights: Iterable[Tensor]) -> None:
        # The bits themselves, summed as integers: exact on every device, in every order.
        digest = torch.stack([_integers(weight).sum(dtype=torch.int64) for weight in weights]).cpu()
        if not torch.equal(digest, broadcast(digest.clone())):
            raise WorkersDisagree(self.rank)


def _sum_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Sum the gradients over all workers, each parameter's over those who have one for it.

    First they agree for which: a branch that a mini-batch leaves out, or that the rows of some workers alone reach,
    would otherwise put numbers against those of another parameter. They do so on the host, which waits for no device.
    """
    has_gradient = sum_in_place(torch.tensor([int(parameter.grad is not None) for parameter in parameters]))
    used = [parameter for parameter, count in zip(parameters, has_gradient.tolist(), strict=True) if count]
    for parameter in used:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in used if parameter.grad is not None]
    flat = sum_in_place(torch.cat([gradient.flatten() for gradient in gradients]))
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def _integers(weight: Tensor) -> Tensor:
    kinds = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return weight.detach().contiguous().view(kinds[weight.element_size()])


def take_rows(team: Team, part: Batch, rows: Tensor) -> Batch:
    """This worker's part of one global batch.

    Args:
        team: the workers that share the batch.
        part: the whole part of the data.
        rows: (B,) row numbers of the global batch.

    Returns:
        Some of the rows, or all of them on every worker where there are fewer rows than workers.
    """
    if len(rows) < team.num_workers:
        return replace(part.take(rows), sharing=Copies(team.num_workers))
    own, sharing = team.share_of(len(rows))
    return replace(part.take(rows[own]), sharing=sharing)
