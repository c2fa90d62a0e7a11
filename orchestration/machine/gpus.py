"""The GPUs of this machine that this process may see, and which of them nobody else fills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import torch

from orchestration.process.errors import UsageError

MIN_FREE = 0.8
"""A GPU counts as free while at least this share of its memory is. A process that only looks takes a few percent."""

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_PATIENCE_S = 120.0
# In a process of its own: to ask a GPU is to open it, and that takes memory on it for as long as the process lives.
_ASK = "import json, torch\nprint(json.dumps([torch.cuda.mem_get_info(i) for i in range(torch.cuda.device_count())]))\n"


def visible_gpus() -> tuple[str, ...]:
    """Names of the visible GPUs, as CUDA_VISIBLE_DEVICES writes them."""
    return name_gpus(os.environ.get(_VARIABLE), torch.cuda.device_count())


def device_here(device: str) -> str:
    """``device``, or ``cpu`` where this machine has no such one and only the nodes of a cluster do."""
    return "cpu" if device == "cuda" and not torch.cuda.is_available() else device


def name_gpus(variable: str | None, count: int) -> tuple[str, ...]:
    """The names of ``count`` visible GPUs; variable: what CUDA_VISIBLE_DEVICES says, None if nothing."""
    if variable is None:
        return tuple(str(index) for index in range(count))
    # CUDA sees the names before the first that it does not know.
    return tuple(name.strip() for name in variable.split(","))[:count]


def free_gpus() -> tuple[str, ...]:
    """Those visible GPUs that nobody fills. Raises UsageError if they do not answer."""
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
    """Of GPUs with these names and (free, total) bytes, those that nobody fills."""
    return tuple(name for name, (free, total) in zip(names, memory, strict=True) if free >= MIN_FREE * total)


def take_gpus(names: Sequence[str]) -> None:
    """Let this process and all that it starts see these GPUs only; call it before any of them is used."""
    os.environ[_VARIABLE] = ",".join(names)
