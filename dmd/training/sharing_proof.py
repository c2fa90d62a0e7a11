"""Whether several workers would train the same model as one: proved by playing them one after the other."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from dmd.batch_sharing import BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.dropout import no_dropout
from dmd.models.model import Model, Outputs
from dmd.training.distributed.shard import Copies, split_rows

_NUM_ROWS = 4
_NUM_WORKERS = 2

logger = logging.getLogger(__name__)


def shares_batches(model: Model, part: Batch) -> bool:
    """Whether the shares of two workers add up to the loss, and to each of its terms, of one.

    Played with two workers that have half of the rows each, and with two that both have all of them. Statistics over
    the rows of a batch (batch normalisation) are those of a worker's own rows, so a model with them does not share.

    Args:
        model: in evaluation mode.
        part: labelled samples; the first few are used.
    """
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        return False
    batch = part.take(slice(0, _NUM_ROWS))
    with torch.no_grad():
        recorded = _Recorded()
        whole = model(batch, no_dropout)
        model(replace(batch, sharing=recorded), no_dropout)
        try:
            halves = [
                model(replace(batch.take(rows), sharing=_Replayed(len(batch), deque(recorded.sent))), no_dropout)
                for rows in _halves(len(batch))
            ]
        except Exception:  # what it was sent is not what it waits for, or rows of its own are too few for it
            logger.debug("a worker's half of a batch cannot be trained by itself", exc_info=True)
            return False
        copy = model(replace(batch, sharing=Copies(_NUM_WORKERS)), no_dropout)
    return _add_up(whole, halves) and _add_up(whole, [copy] * _NUM_WORKERS)


def _halves(num_rows: int) -> Sequence[slice]:
    sizes = split_rows(num_rows, _NUM_WORKERS)
    starts = [sum(sizes[:rank]) for rank in range(_NUM_WORKERS)]
    return [slice(start, start + size) for start, size in zip(starts, sizes, strict=True) if size]


def _add_up(whole: Outputs, shares: Sequence[Outputs]) -> bool:
    values = {"loss": whole.loss, **whole.terms}
    return all(
        torch.allclose(
            torch.stack([share for share in (_value(outputs, name) for outputs in shares) if share is not None]).sum(0),
            value,
            rtol=1e-3,
            atol=1e-6,
            equal_nan=True,
        )
        for name, value in values.items()
        if value is not None
    )


def _value(outputs: Outputs, name: str) -> Tensor | None:
    return outputs.loss if name == "loss" else outputs.terms.get(name)


@dataclass
class _Recorded(BatchSharing):
    """Of a worker among several who has the whole batch, and notes what all of them would have sent."""

    sent: list[Tensor] = field(default_factory=list)

    @property
    def num_workers(self) -> int:
        return _NUM_WORKERS

    def num_rows(self, own: int) -> int:
        return own

    def mean(self, x: Tensor) -> Tensor:
        return x.mean(0)

    def total(self, count: Tensor) -> Tensor:
        self.sent.append(count)
        return count

    def gather(self, x: Tensor) -> Tensor:
        self.sent.append(x)
        return x


@dataclass
class _Replayed(BatchSharing):
    """Of who has some of ``rows`` rows, and receives what was noted for all of them."""

    rows: int
    received: deque[Tensor]

    @property
    def num_workers(self) -> int:
        return _NUM_WORKERS

    def num_rows(self, own: int) -> int:
        return self.rows

    def mean(self, x: Tensor) -> Tensor:
        return x.sum(0) / self.rows

    def total(self, count: Tensor) -> Tensor:
        return self._next()

    def gather(self, x: Tensor) -> Tensor:
        gathered = self._next()
        if gathered.shape[1:] != x.shape[1:]:
            raise ValueError(f"rows of shape {tuple(x.shape[1:])} come, {tuple(gathered.shape[1:])} were sent")
        return gathered

    def _next(self) -> Tensor:
        if not self.received:
            raise ValueError("nothing more was sent")
        return self.received.popleft()
