"""A training state on disk: written under a temporary name and renamed, read without executing anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

FILE = "state.pt"


def save_state(directory: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, plain values, containers of them): a crash leaves the old file or the new one."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / f"{FILE}.{os.getpid()}.tmp"
    torch.save(state, temporary)
    os.replace(temporary, directory / FILE)


def load_state(directory: Path) -> dict[str, Any] | None:
    """The last saved state, or None. ``weights_only``: a checkpoint is data, never a program."""
    path = directory / FILE
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
