"""Collectives of the workers of one trial: sum and broadcast over torch.distributed's default group.

Gloo ends an operation when the connection to a dead worker ends, but not always: a send that begins while the
connection breaks never completes (torch 2.13; about one death in a hundred). So no worker waits for gloo alone: after
each second it checks that the store where the workers met is still open. The owner of the store closes it when a worker
dies, and the store is gone when its owner dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed
from torch import Tensor
from torch.distributed import Store, Work  # type: ignore[attr-defined]

from dmd.errors import WorkerLost, WorkerSilent

_CHECK_INTERVAL = timedelta(seconds=1)
# What an operation gets to end by itself once the store is gone: its partners may have finished and left.
_GRACE = timedelta(seconds=3)
_store: Store | None = None


def sum_in_place(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the sum over all workers, bit for bit the same on each of them."""
    with converting_lost_workers():
        _finish(torch.distributed.all_reduce(x, async_op=True), x)
    return x


def broadcast(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the first worker's."""
    with converting_lost_workers():
        _finish(torch.distributed.broadcast(x, src=0, async_op=True), x)
    return x


@contextmanager
def watching_store(store: Store) -> Iterator[None]:
    """Within the block, an operation that takes long checks that ``store`` is still open."""
    global _store
    _store = store
    try:
        yield
    finally:
        _store = None


@contextmanager
def converting_lost_workers() -> Iterator[None]:
    """Raise WorkerLost in place of the RuntimeError of torch.distributed when another worker is gone."""
    try:
        yield
    except RuntimeError as error:
        raise WorkerLost(" ".join(str(error).split())[:300]) from error


def _finish(work: Work, x: Tensor) -> None:
    """Wait for an operation on ``x``. Raises WorkerSilent if it will never end."""
    if x.is_cuda:
        # Does not wait but orders streams; what NCCL waits for is ended by aborting its group.
        work.wait()
        return
    while not _ends_within(work, _CHECK_INTERVAL):
        assert _store is not None, "workers communicate inside join_group"
        try:
            _store.check(["open"])
        except RuntimeError as error:
            if not _ends_within(work, _GRACE):
                raise WorkerSilent("it died, and the network did not notice") from error
            return


def _ends_within(work: Work, limit: timedelta) -> bool:
    """Whether ``work`` is done; raises what it raised."""
    try:
        work.wait(limit)
    except RuntimeError:
        if work.is_completed():
            raise
        return False
    return True
