"""The two things that workers do with each other, over torch.distributed's default group."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed
from torch import Tensor

from dmd.errors import WorkerLost


def sum_in_place(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the sum over all workers, bit for bit the same on each of them."""
    with lost_workers_named():
        torch.distributed.all_reduce(x)
    return x


def broadcast(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the first worker's."""
    with lost_workers_named():
        torch.distributed.broadcast(x, src=0)
    return x


@contextmanager
def lost_workers_named() -> Iterator[None]:
    """What torch.distributed raises when another worker is gone, as WorkerLost."""
    try:
        yield
    except RuntimeError as error:
        raise WorkerLost(" ".join(str(error).split())[:300]) from error
