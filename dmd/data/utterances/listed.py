"""What readers of listed utterances give: arrays by split and key, and sentences on what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dmd.data.samples.arrays import AnyArray, FloatArray, IntArray

Tell = Callable[[str, str], None]
"""Takes a problem: the key that it was found at, and which rule is broken."""

FEATURE_KEYS = ("text", "audio", "vision")

ALWAYS_FITS = 1 << 24
"""Values that may be padding whatever the file holds."""

MOST_PADDING = 100
"""How many times the values of a file the padded arrays of them may hold."""


@dataclass(frozen=True)
class Listed:
    """The content of a file.

    Attributes:
        tables: split -> key -> array.
        remarks: sentences on what was drawn, joined or left out, for a person.
        emotions: names of the classes where the file can be no other than the one that has them; otherwise empty.
    """

    tables: Mapping[str, Mapping[str, AnyArray]]
    remarks: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()


def is_inflated(parts: Sequence[AnyArray]) -> bool:
    """Whether a file repeats a few arrays until they would fill the memory; a repeated row of zeros is no such thing.

    parts: whose values would be joined.
    """
    held = sum({id(part): part.size for part in parts}.values())
    return sum(part.size for part in parts) > max(ALWAYS_FITS, MOST_PADDING * held)


def pad(key: str, sequences: Sequence[AnyArray], tell: Tell) -> tuple[FloatArray, IntArray] | None:
    """Sequences of unequal lengths in one array, right-padded.

    Args:
        key: for messages.
        sequences: n arrays (T_i, D) of numbers.
        tell: gets what is wrong.

    Returns:
        (n, T, D) float32 and (n,) lengths; None where widths differ or nearly all would be padding.
    """
    if is_inflated(sequences):
        tell(key, "repeats a few arrays until they are far larger than the file; nothing was joined")
        return None
    widths = sorted({part.shape[1] for part in sequences})
    lengths = np.array([len(part) for part in sequences], dtype=np.int64)
    if len(widths) > 1:
        tell(key, f"widths must be equal in all items, but are {', '.join(map(str, widths[:10]))}")
        return None
    longest = max(1, int(lengths.max()))
    padded, held = len(sequences) * longest * widths[0], int(lengths.sum()) * widths[0]
    if padded > max(ALWAYS_FITS, MOST_PADDING * held):
        tell(key, f"{longest} steps of the longest item would make nearly all of the array padding; cut that item")
        return None
    values = np.zeros((len(sequences), longest, widths[0]), dtype=np.float32)
    for row, part in enumerate(sequences):
        with np.errstate(over="ignore"):
            values[row, : len(part)] = part
    return values, lengths


def as_steps(value: object) -> AnyArray | None:
    """(T, D) of an array or of a list of equally wide rows of numbers; None of anything else."""
    if isinstance(value, np.ndarray):
        return value if value.ndim == 2 and value.dtype.kind in "biuf" else None
    if isinstance(value, list | tuple) and value:
        rows = [as_vector(row) for row in value]
        sound = [row for row in rows if row is not None]
        if len(sound) == len(rows) and len({len(row) for row in sound}) == 1 and not is_inflated(sound):
            return np.stack(sound)
    return None


def as_vector(value: object) -> AnyArray | None:
    """(D,) of an array or of a list of numbers; None of anything else."""
    if isinstance(value, np.ndarray):
        flat = value.reshape(-1) if value.ndim == 2 and 1 in value.shape else value
        return flat if flat.ndim == 1 and flat.size and flat.dtype.kind in "biuf" else None
    if isinstance(value, list | tuple) and value and all(isinstance(item, int | float | np.number) for item in value):
        return np.array(value, dtype=np.float64)
    return None


def as_text(value: object) -> str | None:
    """A name out of a file: text, bytes of text, or a whole number; None of anything else."""
    if isinstance(value, bytes):
        return value.decode("latin1")
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return str(int(value))
    return None
