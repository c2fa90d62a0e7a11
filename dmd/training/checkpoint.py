"""A training state on disk: written under a temporary name and renamed, read without executing anything."""

from __future__ import annotations

import io
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


def read_state(directory: Path) -> bytes | None:
    """The last saved state as it stands on disk, or None."""
    path = directory / FILE
    return path.read_bytes() if path.exists() else None


def decode_state(content: bytes) -> dict[str, Any]:
    """What :func:`save_state` was given. ``weights_only``: a checkpoint is data, never a program."""
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state
