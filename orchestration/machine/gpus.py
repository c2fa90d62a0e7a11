"""The visible GPUs of this machine, and which of them are free."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import torch

from orchestration.process.errors import UsageError

MIN_FREE = 0.8
"""A GPU counts as free while at least this share of its memory is free; an idle process takes a few percent."""

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_PATIENCE_S = 120.0
# In a child process: a query opens the GPU, which takes memory there until the process ends.
_ASK = "import json, torch\nprint(json.dumps([torch.cuda.mem_get_info(i) for i in range(torch.cuda.device_count())]))\n"


def visible_gpus() -> tuple[str, ...]:
    """Names of the visible GPUs, as CUDA_VISIBLE_DEVICES writes them."""
    return name_gpus(os.environ.get(_VARIABLE), torch.cuda.device_count())


def device_here(device: str) -> str:
    """``device``, or ``cpu`` if this machine has no such device and only the nodes of a cluster do."""
    return "cpu" if device == "cuda" and not torch.cuda.is_available() else device


def name_gpus(variable: str | None, count: int) -> tuple[str, ...]:
    """The names of ``count`` visible GPUs. variable: CUDA_VISIBLE_DEVICES; None if it is not set."""
    if variable is None:
        return tuple(str(index) for index in range(count))
    # CUDA ignores the first unknown name and all behind it.
    return tuple(name.strip() for name in variable.split(","))[:count]


def free_gpus() -> tuple[str, ...]:
    """The visible GPUs that are free. Raises UsageError if they do not answer."""
    try:
        asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=_PATIENCE_S)
        memory = json.loads(asked.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise UsageError(
            f"resources.workers: `auto` asks the GPUs how full they are, and they do not answer ({error}); "
            "write how many workers to use"
        ) from error
    return choose_free(visible_gpus(), memory)


def choose_free(names: Sequence[str], memory: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The free ones of GPUs with these names and (free, total) bytes of memory."""
    return tuple(name for name, (free, total) in zip(names, memory, strict=True) if free >= MIN_FREE * total)


def take_gpus(names: Sequence[str]) -> None:
    """Let this process and its children see these GPUs only; to be called before any of them is used."""
    os.environ[_VARIABLE] = ",".join(names)
