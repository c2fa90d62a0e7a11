"""A training state as a file: encoded, and read without executing anything. Who trains says how it is kept."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from dmd.job import Checkpointing

FILE = "state.pt"
KEYS = frozenset(("model", "turns", "epoch", "step", "best_error", "best_epoch", "best", "duration_s", "reports"))
"""What a training state holds."""


class CheckpointRefused(ValueError):
    """A file that is no training state of this program, damaged or hostile; the message is one line."""


class StateKeeper:
    """Saves the state of one training run, as often as its cost allows (:attr:`dmd.job.Checkpointing.max_share`).

    Args:
        checkpointing: where and how; None: nothing is saved.
    """

    def __init__(self, checkpointing: Checkpointing | None) -> None:
        self._checkpointing = checkpointing
        self._not_before = time.monotonic()

    def save(self, dump: Callable[[], dict[str, Any]]) -> None:
        """Save what ``dump`` returns, unless it is too early."""
        began = time.monotonic()
        if self._checkpointing is None or began < self._not_before:
            return
        self._checkpointing.keep(self._checkpointing.directory / FILE, encode_state(dump()))
        ended = time.monotonic()
        self._not_before = ended + (ended - began) * (1 / self._checkpointing.max_share - 1)


def encode_state(state: dict[str, Any]) -> memoryview:
    """The content of the file :data:`FILE` that holds ``state`` (tensors, plain values, containers of them)."""
    # Into a file torch would write by itself, and say of a full disk nothing that could be told from any other error.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getbuffer()


def take_up_state(directory: Path) -> bytes | None:
    """The last saved state as it stands on disk, or None; what a killed attempt left unfinished is removed."""
    for unfinished in directory.glob(f"{FILE}.*.tmp"):
        unfinished.unlink(missing_ok=True)
    path = directory / FILE
    return path.read_bytes() if path.is_file() else None


def decode_state(content: bytes) -> dict[str, Any]:
    """What :func:`encode_state` was given. ``weights_only``: a checkpoint is data, never a program.

    Raises CheckpointRefused for anything else.
    """
    try:
        state = load_stored(content)
        if not isinstance(state, dict) or state.keys() != KEYS:
            raise ValueError("it is no training state")
    except Exception as error:  # a damaged or hostile file raises whatever its bytes happen to hit
        raise CheckpointRefused(f"checkpoint refused ({reason_of(error)}); nothing was executed") from error
    return state


def load_stored(content: bytes) -> Any:
    """What ``torch.save`` was given: tensors, plain values, containers of them. Raises anything for other bytes."""
    _require_unpacked(content)
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def reason_of(error: Exception) -> str:
    """Why a file was refused, at a length and in letters that a line can hold."""
    return ascii(" ".join(str(error).split())[:160])[1:-1] or type(error).__name__


def _require_unpacked(content: bytes) -> None:
    """Refuse what ``torch.save`` does not write: anything but a zip file whose members are stored as they are."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    is_packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if is_packed or sum(member.file_size for member in members) > len(content):
        raise ValueError("its members are packed or promise more than the file holds")
