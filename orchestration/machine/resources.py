"""Resources of this machine: requests that it cannot meet are refused before anything starts."""

from __future__ import annotations

import math
from collections.abc import Callable

from orchestration.machine.gpus import free_gpus, take_gpus, visible_gpus
from orchestration.machine.processors import num_cpus
from orchestration.process.errors import UsageError
from search_spaces.schema.schema import Resources


def count_local_slots(wanted: Resources) -> int:
    """Trials at the same time on this machine, at least 1."""
    slots = int(num_cpus() / (wanted.cpu * wanted.num_workers))
    if wanted.gpu > 0:
        slots = min(slots, int(len(visible_gpus()) / (wanted.gpu * wanted.num_workers)))
    return max(min(slots, wanted.max_concurrent or slots), 1)


def resolve_workers(
    wanted: Resources, *, is_local: bool, find_free: Callable[[], tuple[str, ...]] = free_gpus
) -> Resources:
    """Replace ``workers: auto`` by a number: one worker on each free visible GPU, as far as the CPUs reach.

    GPUs in use are hidden from this process and its children. Without a GPU it is one worker.

    Args:
        wanted: of one trial.
        is_local: whether trials run on this machine.
        find_free: names the free GPUs.

    Raises:
        UsageError: no visible GPU is free, or trials run on a cluster, whose GPUs are not this machine's.
    """
    if wanted.workers != "auto":
        return wanted
    if not is_local:
        raise UsageError("resources.workers: `auto` counts the GPUs of this machine; with --address write a number")
    visible = visible_gpus()
    if not visible:
        return wanted.model_copy(update={"workers": 1})
    free = find_free()
    if not free:
        raise UsageError(
            f"resources.workers: `auto` takes idle GPUs, and all {len(visible)} visible ones are in use; "
            "wait, or write `workers: 1` to share one"
        )
    take_gpus(free)
    workers = max(min(len(free), math.floor(num_cpus() / wanted.cpu)), 1)
    return wanted.model_copy(update={"workers": workers, "gpu": 1.0})


def require_resources(wanted: Resources, *, is_local: bool) -> None:
    """Check a request; a cluster's own resources are checked when the driver connects to it.

    Args:
        wanted: of one trial.
        is_local: whether trials run on this machine.

    Raises:
        UsageError: this version, or this machine, can never meet it; one line per problem.
    """
    problems = []
    workers = wanted.num_workers
    if wanted.fuse not in ("auto", "off", 1):
        problems.append(f"fuse: this version trains trials one by one, got {wanted.fuse!r}; write `fuse: auto`")
    if workers > 1 and wanted.gpu % 1:
        problems.append(f"gpu: workers that train together need a whole GPU each, got {wanted.gpu:g}; write `gpu: 1`")
    if is_local:
        problems += _shortage(
            key="cpu", noun="CPUs", each=wanted.cpu, workers=workers, there_are=num_cpus(), remedy="ask for less"
        )
        remedy = "write `gpu: 0`, or give --address of a cluster that has them"
        problems += _shortage(
            key="gpu", noun="GPUs", each=wanted.gpu, workers=workers, there_are=len(visible_gpus()), remedy=remedy
        )
    if problems:
        raise UsageError("\n".join(f"resources.{problem}" for problem in problems))


def _shortage(key: str, noun: str, each: float, workers: int, there_are: int, remedy: str) -> list[str]:
    if each > there_are:
        return [f"{key}: a worker wants {each:g} {noun}, this machine has {there_are}; {remedy}"]
    if each * workers > there_are:
        needs = f"{workers} workers want {each:g} {noun} each, {each * workers:g} in all"
        return [f"workers: {needs}, this machine has {there_are}; ask for fewer workers, or {remedy}"]
    return []
