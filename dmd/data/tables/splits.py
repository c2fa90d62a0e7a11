"""One split of a file: every key checked, every problem noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.dataset.tokens import NoTokens, Tokens
from dmd.data.samples.arrays import AnyArray, FloatArray, IntArray
from dmd.data.samples.target import Target
from dmd.data.tables.features import Features, check_features, read_features
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.labels import read_labels
from dmd.data.tables.layout import FileLayout
from dmd.data.tables.lengths import find_lengths
from dmd.data.tables.token_ids import read_tokens
from dmd.modalities import Modality

Table = Mapping[str, AnyArray]


@dataclass(frozen=True)
class Split:
    """One checked split.

    Attributes:
        ids: of its items; made up where the file has none.
        has_ids: whether the file has them.
        groups: what the file's key says; None where it has none.
        labels: (n,) or (n, K).
        folds: (n,); None where the file has none.
        features: modality -> its features.
        tokens: token ids of the text.
    """

    ids: tuple[str, ...]
    has_ids: bool
    groups: tuple[str, ...] | None
    labels: FloatArray
    folds: IntArray | None
    features: Mapping[Modality, Features]
    tokens: Tokens | NoTokens


def read_split(name: str, table: Table, layout: FileLayout, target: Target, problems: Problems) -> Split | None:
    """Check one split.

    Args:
        name: of the split.
        table: key -> array.
        layout: keys of the file.
        target: what the labels are.
        problems: get what is wrong.

    Returns:
        None if anything required is missing or broken.
    """
    required = layout.required
    missing = [key for key in required if key not in table]
    for key in missing:
        there = f"key is missing; the split has {', '.join(sorted(table)) or 'no keys'}"
        problems.add(f"{name}/{key}", there + _say_how_to_do_without(key, table, layout))
    num_rows = next((len(table[key]) for key in required if key in table and table[key].ndim), 0)
    if num_rows == 0:
        problems.add(name, "the split is empty: 0 rows; every split needs at least one")
        return None
    labels = _read_labels(name, table, layout, target, num_rows, problems)
    ids = _read_ids(name, table, layout, num_rows, problems)
    groups = _read_strings(f"{name}/{layout.group}", table.get(layout.group), num_rows, problems)
    folds = _read_folds(f"{name}/{layout.fold}", table.get(layout.fold or ""), num_rows, problems)
    features = _read_modalities(name, table, layout, num_rows, problems)
    if labels is None or ids is None or len(features) < len(layout.features):
        return None
    tokens = read_tokens(name, table, layout, num_rows)
    return Split(ids, layout.ids in table, groups, labels, folds, features, tokens)


def _say_how_to_do_without(key: str, table: Table, layout: FileLayout) -> str:
    """What to write if ``key`` is of a modality that the data do not have; empty if it is of none."""
    present = [modality for modality, feature in layout.features.items() if feature in table]
    if key not in layout.features.values() or not present:
        return ""
    option = f"--modalities {','.join(present)}"
    return f"; if the data do not have it, write `data.modalities: [{', '.join(present)}]` (dmd-data: `{option}`)"


def _read_labels(
    name: str, table: Table, layout: FileLayout, target: Target, num_rows: int, problems: Problems
) -> FloatArray | None:
    if not layout.reads_labels:
        return np.zeros((num_rows, *target.label_columns), np.float32)
    labels = read_labels(name, table, layout.label_keys, target, problems)
    if labels is not None and len(labels) != num_rows:
        problems.add(f"{name}/{layout.labels}", f"must have {num_rows} rows, but has {len(labels)}")
        return None
    return labels


def _read_ids(name: str, table: Table, layout: FileLayout, num_rows: int, problems: Problems) -> tuple[str, ...] | None:
    """The ids of a split: ``<video>$_$<rest>`` where the file has them in three parts, by number if it has none."""
    array = table.get(layout.ids)
    if array is None and (layout.has_segment_ids or not layout.reads_labels):
        return tuple(f"{name}$_${row}" for row in range(num_rows))
    if layout.has_segment_ids and array is not None and array.shape == (num_rows, 3):
        parts = [_read_strings(f"{name}/{layout.ids}", array[:, column], num_rows, problems) for column in range(3)]
        if None in parts:
            return None
        video, start, end = (part or () for part in parts)
        return tuple(f"{v}$_${a}-{b}" for v, a, b in zip(video, start, end, strict=True))
    return _read_strings(f"{name}/{layout.ids}", array, num_rows, problems)


def _read_strings(key: str, array: AnyArray | None, num_rows: int, problems: Problems) -> tuple[str, ...] | None:
    if array is None:
        return None
    flat = array.reshape(-1)
    if flat.size != num_rows or flat.dtype.kind not in "USOiuf":
        problems.add(key, f"must be {num_rows} strings, one per row, but has shape {array.shape}, dtype {array.dtype}")
        return None
    return tuple(item.decode("latin1") if isinstance(item, bytes) else str(item) for item in flat.tolist())


def _read_folds(key: str, array: AnyArray | None, num_rows: int, problems: Problems) -> IntArray | None:
    if array is None:
        return None
    if array.shape != (num_rows,) or array.dtype.kind not in "iu" or (array < 0).any():
        problems.add(key, f"must be {num_rows} fold numbers from 0 up; it has shape {array.shape}, dtype {array.dtype}")
        return None
    return array.astype(np.int64)


def _read_modalities(
    name: str, table: Table, layout: FileLayout, num_rows: int, problems: Problems
) -> dict[Modality, Features]:
    present = {modality: table[key] for modality, key in layout.features.items() if key in table}
    has_lengths = any(key in table for key in (layout.shared_lengths, *map(layout.lengths_of, layout.features)))
    as_vectors = layout.takes_vectors and not has_lengths and all(array.ndim == 2 for array in present.values())
    features: dict[Modality, Features] = {}
    for modality, array in present.items():
        key = f"{name}/{layout.features[modality]}"
        if not check_features(key, array, num_rows, as_vectors, problems):
            continue
        steps = array[:, None, :] if as_vectors else array
        is_sound, lengths = find_lengths(name, modality, table, layout, steps, problems)
        read = read_features(key, steps, lengths, problems) if is_sound else None
        if read is not None:
            features[modality] = read
    return features
