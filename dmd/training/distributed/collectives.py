"""The two things that workers do with each other, over torch.distributed's default group.

Gloo ends an operation whose partner died by the end of their connection, but not always: a send that is begun while the
connection breaks is never completed (torch 2.13; about one death in a hundred). So nobody waits for gloo alone: whoever
has waited a second looks whether the store where the workers met is still open. Its owner closes it when it hears of a
death, and it is gone when the owner is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed
from torch import Tensor
from torch.distributed import Store, Work  # type: ignore[attr-defined]

from dmd.errors import WorkerLost, WorkerSilent

_LOOK = timedelta(seconds=1)
# What an operation gets to end by itself once the store is gone: its partners may have finished and left.
_GRACE = timedelta(seconds=3)
_store: Store | None = None


def sum_in_place(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the sum over all workers, bit for bit the same on each of them."""
    with lost_workers_named():
        _finish(torch.distributed.all_reduce(x, async_op=True), x)
    return x


def broadcast(x: Tensor) -> Tensor:
    """``x`` with its value replaced by the first worker's."""
    with lost_workers_named():
        _finish(torch.distributed.broadcast(x, src=0, async_op=True), x)
    return x


@contextmanager
def looking_at(store: Store) -> Iterator[None]:
    """Meanwhile, ``store`` says whether the team still is."""
    global _store
    _store = store
    try:
        yield
    finally:
        _store = None


@contextmanager
def lost_workers_named() -> Iterator[None]:
    """What torch.distributed raises when another worker is gone, as WorkerLost."""
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
    while not _ends_within(work, _LOOK):
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
