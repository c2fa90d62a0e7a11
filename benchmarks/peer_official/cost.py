"""What a training step costs: processor time of one thread, and memory, each side in a process of its own.

A step is forward, all losses, backward, clipping and Adam at batch 16, full length, one step per batch; theirs is a
turn of their own loop. The two processes take turns step by step, so that both meet the same machine.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from benchmarks.peer_official.authors import Networks, Schedule, as_dictionary
from benchmarks.peer_official.checkout import load_checkout
from benchmarks.peer_official.learning import SIDES, Side
from benchmarks.step_time import SHAPES, UNALIGNED, Shape, dims_of, make_batch, make_step
from dmd.data.dataset.batches import Batch
from dmd.kernels.allocator import keep_freed_memory

WARM_UP = 3
MEMORY_STEPS = 3
STEP_SHAPES: Mapping[str, Shape] = {"ten": SHAPES["context10"], "fifty": SHAPES["aligned50"]}


@dataclass(frozen=True)
class Peak:
    """MiB of resident memory: the most there was, and what the imports alone took."""

    whole: float
    imported: float

    @property
    def own(self) -> float:
        """What the model and its training took."""
        return self.whole - self.imported


def measure_steps(path: Path, shape: Shape, rounds: int) -> dict[Side, float]:
    """The seconds of processor time of the cheapest step, after a few to warm up.

    What others do on the machine only adds to a step (caches, shared cores), so its least is what the code costs.
    """
    taken: dict[Side, list[float]] = {side: [] for side in SIDES}
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(side, path, shape)) for side in SIDES}
        for _ in range(WARM_UP + rounds):
            for side, worker in workers.items():
                taken[side].append(worker.step().seconds)
    return {side: min(seconds[WARM_UP:]) for side, seconds in taken.items()}


def measure_memory(path: Path) -> dict[Side, Peak]:
    """Over three steps at unaligned lengths, 50, 375 and 500."""
    peaks = {}
    for side in SIDES:
        with Worker(side, path, UNALIGNED) as worker:
            peaks[side] = Peak(max(worker.step().peak_mb for _ in range(MEMORY_STEPS)), worker.imported_mb)
    return peaks


@dataclass(frozen=True)
class Step:
    """seconds: of processor time. peak_mb: of resident memory so far."""

    seconds: float
    peak_mb: float


class Worker:
    """A process of one side that does a step whenever it is asked to."""

    def __init__(self, side: Side, path: Path, shape: Shape) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(side, path, shape, other_end), daemon=True)
        self._process.start()
        other_end.close()
        self.imported_mb: float = self._connection.recv()

    def step(self) -> Step:
        """One training step, of which nothing is seen but what it costs."""
        self._connection.send(None)
        step: Step = self._connection.recv()
        return step

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()


def _serve(side: Side, path: Path, shape: Shape, connection: Connection) -> None:
    """The process of a worker."""
    torch.set_num_threads(1)
    if side == "ours":
        keep_freed_memory()  # as every trial does
        connection.send(peak_mb())
        step = make_step(shape, "cpu", "official")
        for number, _ in enumerate(_turns(connection)):
            step(number)
    else:
        checkout = load_checkout(path)
        connection.send(peak_mb())
        torch.manual_seed(0)
        turns = _Turns(connection, make_batch(shape, "cpu"))
        Networks(checkout, dims_of(shape), {}).train(turns, [as_dictionary(turns.batch)], Schedule(1e-4, 1, 1, 1))


def _turns(connection: Connection) -> Iterator[None]:
    """One turn for every message, timed from one to the next, until the process is killed."""
    while True:
        connection.recv()
        started = time.process_time()
        yield
        connection.send(Step(time.process_time() - started, peak_mb()))


class _Turns:
    """What their loop takes for a DataLoader: a batch in every turn."""

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self.connection = connection
        self.batch = batch

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (as_dictionary(self.batch) for _ in _turns(self.connection))


def peak_mb() -> float:
    """Peak resident memory of this program; ``getrusage`` would not tell it from its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
