"""What workers that train one trial together buy on a CPU, beside threads of one worker.

    python -m benchmarks.workers [--workers 2] [--quick]

A step is forward, all losses, backward, the sum of gradients over the workers, clipping and Adam: the paper preset,
global batch 16, float32, one thread per worker. Steps of one worker, of all of them, and of one with as many threads
are interleaved in one run and compared by their medians. On a busy machine workers wait for each other, so the figure
is then a lower bound. Full form: about a minute on two free cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.step_time import BATCH, SHAPES, Shape, make_batch
from dmd.declaration.dims import Dims
from dmd.dropout import SeededDropout
from dmd.job import WorkerRank
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import MODALITIES
from dmd.registry import build_model
from dmd.training.config import Clip
from dmd.training.distributed.rendezvous import Rendezvous, join_group
from dmd.training.distributed.team import SOLO, Team, take_rows
from dmd.training.optimiser import ClippedAdam

WARM_UP = 2


def make_step(shape: Shape, team: Team) -> Callable[[int], None]:
    """A function that trains one step with ``team``, given its number."""
    steps, widths = shape
    dims = Dims(dict(zip(MODALITIES, widths, strict=True)), dict(zip(MODALITIES, steps, strict=True)))
    model = build_model("dmd", {}, dims, 0)
    optimiser = ClippedAdam(model.parameter_groups(1e-4), 0.0, Clip())
    batch, rows = make_batch(shape, "cpu"), torch.arange(BATCH)

    def step(number: int) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss = model(take_rows(team, batch, rows), SeededDropout(team.dropout_seed(0), number)).loss
        assert loss is not None
        team.backward(loss, list(model.parameters()))
        optimiser.step()

    return step


def measure(worker: WorkerRank, name: str, rounds: int) -> dict[str, float]:
    """Median seconds of a step of one worker, of all and of one with threads; on others than the first, nothing."""
    torch.set_num_threads(1)
    keep_freed_memory()
    times: dict[str, list[float]] = {"one_worker": [], "workers": [], "threads": []}
    with join_group(worker, "cpu") as team:
        alone, together = make_step(SHAPES[name], SOLO), make_step(SHAPES[name], team)
        for number in range(rounds + WARM_UP):
            if worker.rank == 0:
                times["one_worker"].append(_timed(alone, number))
                torch.set_num_threads(worker.num_workers)
                times["threads"].append(_timed(alone, number))
                torch.set_num_threads(1)
            team.sum(torch.zeros(1))  # the others wait here while the first one works alone
            times["workers"].append(_timed(together, number))
    return {kind: statistics.median(taken[WARM_UP:]) for kind, taken in times.items() if taken}


def _timed(step: Callable[[int], None], number: int) -> float:
    started = time.perf_counter()
    step(number)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: about half a minute")
    options = parser.parse_args()
    rounds = 8 if options.quick else 40
    figures = {}
    for name in SHAPES:
        rendezvous = Rendezvous()
        first, *others = rendezvous.ranks(options.workers)
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=measure, args=(worker, name, rounds), daemon=True) for worker in others]
        for process in processes:
            process.start()
        step_s = measure(first, name, rounds)
        for process in processes:
            process.join()
        rendezvous.close()
        speedup = {kind: round(step_s["one_worker"] / step_s[kind], 2) for kind in ("workers", "threads")}
        figures[name] = {"step_s": {kind: round(seconds, 4) for kind, seconds in step_s.items()}, "speedup": speedup}
        print(
            f"{name}: {options.workers} workers {speedup['workers']}x, as many threads {speedup['threads']}x",
            flush=True,
        )
    print(json.dumps({"workers": options.workers, "device": "cpu", **figures}))


if __name__ == "__main__":
    main()
