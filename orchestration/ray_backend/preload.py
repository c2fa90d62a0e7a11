"""What a worker that Ray starts ahead imports, and with it torch and Tune: in turns.

Where all workers import at the same time, beside the process that plans the study, none is ready before all are. So no
more of them import at once than there are processors besides the one that plans, and where these are few, the first
trial trains while the next worker imports.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from orchestration.machine.processors import num_cpus
from orchestration.process.file_lock import lock

OF_A_TRIAL = ("orchestration.ray_backend.trainable", "orchestration.executors.dmd_runner")
_MOST_TURNS = 64
"""Each is an open file of every worker that waits."""
TURNS = "DMD_PRELOAD_TURNS"
"""The variable that names a folder for the locks; without it nobody waits."""


@contextlib.contextmanager
def turns_in(folder: Path) -> Iterator[None]:
    """Workers of a cluster that is started inside this context take turns by way of ``folder``."""
    os.environ[TURNS] = str(folder)
    try:
        yield
    finally:
        del os.environ[TURNS]


@contextlib.contextmanager
def turn(folder: Path, num_turns: int) -> Iterator[None]:
    """One of ``num_turns`` turns; waits for one where all are taken. A process that dies gives its own back.

    Raises OSError where the folder is gone, or its file system has no locks.
    """
    files = [os.open(folder / f"preload-{place}.lock", os.O_CREAT | os.O_RDWR) for place in range(num_turns)]
    try:
        if not any(map(_takes, files)):
            lock(files[os.getpid() % num_turns])
        yield
    finally:
        for file in files:
            os.close(file)


def _takes(file: int) -> bool:
    try:
        lock(file, wait=False)
    except BlockingIOError:
        return False
    return True


def preload() -> None:
    """Import in turn."""
    folder = os.environ.get(TURNS)
    if folder is None:
        return
    with contextlib.ExitStack() as held:
        # Without locks everybody imports at once. Ray would let the error end the worker.
        with contextlib.suppress(OSError):
            held.enter_context(turn(Path(folder), min(max(num_cpus() - 1, 1), _MOST_TURNS)))
        for module in OF_A_TRIAL:
            import_module(module)
