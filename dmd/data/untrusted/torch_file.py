"""Tensors out of a stranger's ``torch.save`` file, as NumPy arrays.

``torch.load(weights_only=True)`` runs no code. What it does not bound is memory: packed members, a long list of
containers, and tensors that show a few stored numbers as billions, so those are refused here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmd.data.untrusted.archive import ALWAYS_FITS, in_one_line

MOST_PICKLE_BYTES = 1 << 22
"""Of the part that says which tensors there are; ids and texts of 20,000 clips are 3 MB."""

DEPTH = 6
OLD_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The number that files of torch before 1.6 begin with, as a pickle of its own."""


class TorchFileError(Exception):
    """What is wrong with a file; one line without its name."""


def is_torch_archive(path: Path) -> bool:
    """Whether a zip file is one that ``torch.save`` writes. False for what is no zip file."""
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.rpartition("/")[2] == "data.pkl" for name in file.namelist())
    except Exception:  # a damaged archive raises whatever its bytes happen to hit; another reader says what
        return False


def load_tensors(path: Path) -> object:
    """Containers, numbers and strings as they are, arrays for tensors. Raises TorchFileError."""
    try:
        _require_stored(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (TorchFileError, MemoryError):
        raise
    except Exception as error:  # a damaged file raises whatever its bytes happen to hit
        raise TorchFileError(
            f"torch.load(weights_only=True) refuses it ({in_one_line(error)}); save a dictionary of tensors, numbers "
            "and strings"
        ) from error
    return _Converter(max(ALWAYS_FITS, 2 * path.stat().st_size)).convert(found, DEPTH)


def _require_stored(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        infos = file.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise TorchFileError("has packed members, which torch.save does not write; save it again")
    if sum(info.file_size for info in infos) > path.stat().st_size:
        raise TorchFileError("has members that are larger than the file; save it again")
    if any(info.file_size > MOST_PICKLE_BYTES for info in infos if info.filename.endswith(".pkl")):
        raise TorchFileError(f"describes its tensors in more than {MOST_PICKLE_BYTES} bytes; save it without its texts")


class _Converter:
    """Makes arrays of tensors as long as their values are no more than the file can hold."""

    def __init__(self, budget: int) -> None:
        self._budget = budget

    def convert(self, value: Any, depth: int) -> Any:
        if isinstance(value, Tensor):
            return self._array(value)
        if not depth or not isinstance(value, dict | list | tuple):
            return value
        if isinstance(value, dict):
            return {key: self.convert(item, depth - 1) for key, item in value.items()}
        held = [self.convert(item, depth - 1) for item in value]
        return tuple(held) if isinstance(value, tuple) else held

    def _array(self, tensor: Tensor) -> Any:
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex() or tensor.is_meta:
            raise TorchFileError(f"has a tensor of {tensor.layout}, {tensor.dtype}; save plain tensors of numbers")
        size = tensor.numel() * tensor.element_size()
        self._budget -= size
        if size > tensor.untyped_storage().nbytes() or self._budget < 0:
            raise TorchFileError("has tensors that show the same numbers again and again; save them with `.clone()`")
        plain = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
        return plain.contiguous().numpy()
