"""How the workers of one trial find each other: a store that the first worker opens on a free port."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch.distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.distributed.distributed_c10d import _set_pg_timeout

from dmd.errors import WorkerLost, WorkerSilent
from dmd.job import LOOPBACK, WorkerRank
from dmd.training.distributed.collectives import converting_lost_workers, watching_store
from dmd.training.distributed.team import SOLO, Several, Team

# Starting a process and opening its data. One that dies meanwhile is noticed at once: the store is closed then.
_JOIN_TIMEOUT = timedelta(minutes=5)
# The store is open, or closed for good; and workers that have met connect to each other at once.
_CONNECT_TIMEOUT = timedelta(seconds=10)
# How long a worker waits for the others inside a step. One that is gone is noticed within seconds (collectives.py).
_STEP_TIMEOUT = timedelta(minutes=30)


class Rendezvous:
    """Where the workers of one trial meet; kept open by the first one while they train.

    host: an address of this machine that all of them reach. The port is one that the system gives.
    """

    def __init__(self, host: str = LOOPBACK) -> None:
        # A socket of our own, because the store by itself would listen on every address of the machine.
        listening = socket.create_server((host, 0))
        self._host, self._port = host, listening.getsockname()[1]
        self._store: TCPStore | None = TCPStore(
            host, self._port, is_master=True, wait_for_workers=False, master_listen_fd=listening.detach()
        )
        self._closing = threading.Lock()

    def ranks(self, num_workers: int) -> tuple[WorkerRank, ...]:
        """A place for each worker; the first is for this process."""
        return tuple(WorkerRank(rank, num_workers, self._host, self._port) for rank in range(num_workers))

    def close(self) -> None:
        """End every wait, here and in other workers: a worker that waits gets WorkerLost.

        Works from any thread; what was closed stays closed, so that a late call does not reach a later training.
        """
        with self._closing:
            if self._store is None:
                return
            self._store = None
        group = torch.distributed.group.WORLD
        if group is not None:
            # Gloo notices a lost worker by itself; NCCL waits on the device until it is told.
            group.abort()


@contextmanager
def join_group(worker: WorkerRank, device: str) -> Iterator[Team]:
    """Meet the other workers of a trial, and leave them at the end.

    Tensors on the CPU go through gloo, those on GPUs through NCCL. Raises WorkerLost if the others do not come.
    """
    if worker.num_workers == 1:
        yield SOLO
        return
    if worker.host == LOOPBACK:
        _stay_on_loopback()
    backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
    with converting_lost_workers():
        _require_open(worker)
        store = TCPStore(worker.host, worker.port, is_master=False, timeout=_CONNECT_TIMEOUT)
        # Connecting cannot be interrupted, so it begins when all workers are there.
        store.set(_here(worker.rank), "")
        store.wait([_here(rank) for rank in range(worker.num_workers)], _JOIN_TIMEOUT)
        torch.distributed.init_process_group(
            backend, store=store, rank=worker.rank, world_size=worker.num_workers, timeout=_CONNECT_TIMEOUT
        )
        _set_pg_timeout(_STEP_TIMEOUT)
    try:
        with watching_store(store):
            yield Several(worker.rank, worker.num_workers)
    except WorkerSilent:
        _keep_for_ever(torch.distributed.group.WORLD)
        raise
    finally:
        torch.distributed.destroy_process_group()


def _require_open(worker: WorkerRank) -> None:
    """Raise WorkerLost if the store is closed: torch would try again and again until its time is up."""
    try:
        socket.create_connection((worker.host, worker.port), _CONNECT_TIMEOUT.total_seconds()).close()
    except OSError as error:
        raise WorkerLost(f"the place where they meet is closed ({error})") from error


def _here(rank: int) -> str:
    return f"here/{rank}"


def _keep_for_ever(group: object) -> None:
    """Never destruct ``group``, not even at exit: that would wait for what is under way in it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(group))


def _stay_on_loopback() -> None:
    """Without this gloo and NCCL look for an address of the machine that its own name resolves to."""
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    if loopback is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", loopback)
