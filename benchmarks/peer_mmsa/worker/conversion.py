"""The parts of a data set as MMSA reads them: a pickle of dictionaries, padded with zeros on one side.

Legend: n items of a part, T steps, D features.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("left", "right")
Arrays = Mapping[str, npt.NDArray[Any]]
PARTS = ("train", "valid", "test")
MODALITIES = ("text", "audio", "vision")


def convert(source: Path, target: Path, side: Side) -> npt.NDArray[np.float32]:
    """Write the pickle.

    Args:
        source: ``.npz`` with ``<part>_<modality>`` (n, T, D), real steps first, ``<part>_<modality>_lengths`` (n,)
            and ``<part>_labels`` (n,); of the test part the labels are missing.
        target: of the pickle.
        side: that is padded. ``right`` is MMSA's own.

    Returns:
        The text of all steps, (rows, D); the token ids in the pickle are its rows.
    """
    with np.load(source) as archive:
        arrays = dict(archive)
    table: list[npt.NDArray[np.float32]] = []
    content: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        first = sum(len(rows) for rows in table)
        content[part] = _part(arrays, part, side, first)
        text = content[part]["text"]
        table.append(text.reshape(-1, text.shape[-1]))
    target.write_bytes(pickle.dumps(content))
    return np.concatenate(table)


def _part(arrays: Arrays, part: str, side: Side, first: int) -> dict[str, Any]:
    lengths = {m: arrays[f"{part}_{m}_lengths"] for m in MODALITIES}
    found: dict[str, Any] = {m: padded(arrays[f"{part}_{m}"], lengths[m], side) for m in MODALITIES}
    num_items, num_steps = found["text"].shape[:2]
    rows = first + np.arange(num_items * num_steps).reshape(num_items, num_steps)
    mask = padded(np.ones((num_items, num_steps, 1)), lengths["text"], side)[..., 0]
    return found | {
        "text_bert": np.stack([rows, mask, np.zeros_like(mask)], axis=1),
        "audio_lengths": lengths["audio"].tolist(),
        "vision_lengths": lengths["vision"].tolist(),
        "regression_labels": arrays.get(f"{part}_labels", np.zeros(num_items, np.float32)),
        "raw_text": [""] * num_items,
        "id": [f"{part}$_${number}" for number in range(num_items)],
    }


def padded(steps: npt.NDArray[Any], lengths: npt.NDArray[Any], side: Side) -> npt.NDArray[Any]:
    """(n, T, D), real steps first -> zeros on ``side`` of them."""
    found = np.zeros_like(steps)
    num_steps = steps.shape[1]
    for row, length in enumerate(lengths):
        start = 0 if side == "right" else num_steps - length
        found[row, start : start + length] = steps[row, :length]
    return found
