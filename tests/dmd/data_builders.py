"""Small data files of known content, in the ``.npz`` layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import load_dataset

Arrays = dict[str, np.ndarray[Any, Any]]

SIZES = {"train": 8, "valid": 4, "test": 6}
STEPS, WIDTHS = 5, {"text": 3, "audio": 2, "vision": 4}


class Finished:
    """The key of a confirm trial that was trained to its end."""

    is_final = True


class Stopped:
    """What a pruned trial has."""

    is_final = False


def npz_arrays(seed: int = 0, side: str = "left", with_folds: bool = True) -> Arrays:
    """Three splits, two rows per video; lengths 1..5, padded on ``side`` with zeros; folds 0..2 by video."""
    generator = np.random.default_rng(seed)
    arrays: Arrays = {}
    video = 0
    for split, n in SIZES.items():
        lengths = generator.integers(1, STEPS + 1, n)
        offsets = np.arange(STEPS)
        real = offsets >= STEPS - lengths[:, None] if side == "left" else offsets < lengths[:, None]
        for key, width in WIDTHS.items():
            values = 3.0 + generator.standard_normal((n, STEPS, width))
            arrays[f"{split}/{key}"] = (values * real[:, :, None]).astype(np.float32)
        arrays[f"{split}/lengths"] = lengths.astype(np.int32)
        arrays[f"{split}/labels"] = (generator.integers(-15, 16, n) / 5).astype(np.float32)
        videos = video + np.arange(n) // 2
        arrays[f"{split}/video"] = np.array([f"v{number}" for number in videos])
        arrays[f"{split}/id"] = np.array([f"v{number}_{row}" for row, number in enumerate(videos)])
        if with_folds:
            arrays[f"{split}/fold"] = (videos % 3).astype(np.int32)
        video += n // 2
    return arrays


def write_npz(folder: Path, arrays: Arrays, name: str = "data.npz") -> Path:
    """Save ``arrays`` as an archive."""
    path = folder / name
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return path


def load_arrays(folder: Path, arrays: Arrays) -> Dataset:
    """``arrays`` written to a file and read again."""
    return load_dataset(write_npz(folder, arrays))
