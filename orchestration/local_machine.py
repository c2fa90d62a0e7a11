"""What this machine can give: refused before anything starts where it is not enough."""

from __future__ import annotations

import os

import torch

from orchestration.errors import UsageError
from search_spaces.schema import Resources


def num_cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_local_slots(wanted: Resources) -> int:
    """Trials at the same time on this machine, at least 1."""
    slots = int(num_cpus() / wanted.cpu)
    if wanted.gpu > 0:
        slots = min(slots, int(torch.cuda.device_count() / wanted.gpu))
    return max(min(slots, wanted.max_concurrent or slots), 1)


def require_resources(wanted: Resources, *, is_local: bool) -> None:
    """Raise UsageError for what this version, or a local machine, can never give; a cluster speaks for itself."""
    problems = []
    if wanted.workers != 1:
        problems.append(
            f"workers: this version trains a trial on one worker, got {wanted.workers!r}; write `workers: 1`"
        )
    if wanted.fuse not in ("auto", "off", 1):
        problems.append(f"fuse: this version trains trials one by one, got {wanted.fuse!r}; write `fuse: auto`")
    if is_local and wanted.cpu > num_cpus():
        problems.append(f"cpu: a trial wants {wanted.cpu:g} CPUs, this machine has {num_cpus()}; ask for less")
    if is_local and wanted.gpu > torch.cuda.device_count():
        problems.append(
            f"gpu: a trial wants {wanted.gpu:g} GPUs, this machine shows {torch.cuda.device_count()}; "
            "write `gpu: 0`, or give --address of a cluster that has them"
        )
    if problems:
        raise UsageError("\n".join(f"resources.{problem}" for problem in problems))
