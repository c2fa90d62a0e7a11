"""Labels of one split as a target has them (:mod:`dmd.data.samples.target`), whatever form the file has them in.

Legend: ``n`` rows, ``K`` names of the target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dmd.data.samples.arrays import AnyArray, FloatArray
from dmd.data.samples.target import Target, TargetKind
from dmd.data.tables.file_problems import Problems


def read_labels(
    name: str, table: Mapping[str, AnyArray], keys: Sequence[str], target: Target, problems: Problems
) -> FloatArray | None:
    """Labels of one split.

    Args:
        name: of the split, for messages.
        table: key -> array.
        keys: of the labels: one, or one for each name of the target.
        target: what they are.
        problems: get what is wrong.

    Returns:
        (n,) or (n, K) float32; None if there are none, or they are not what the target says.
    """
    arrays = [table.get(key) for key in keys]
    found = [array for array in arrays if array is not None]
    if len(found) < len(arrays):
        return None
    where = ", ".join(f"{name}/{key}" for key in keys)
    if len(keys) > 1:
        flat = [array.reshape(-1) for array in found if array.ndim and array.size == len(array)]
        if len(flat) < len(found) or len({len(array) for array in flat}) > 1 or len(keys) != len(target.names):
            problems.add(where, f"must be one number per row each, for {', '.join(target.names)}")
            return None
        return _DECODE[target.kind](np.stack(flat, axis=1), target, where, problems)
    return _DECODE[target.kind](found[0], target, where, problems)


def _one_number(array: AnyArray, target: Target, key: str, problems: Problems) -> FloatArray | None:
    """Whatever trailing axes of length 1 the array has (CMU files: (n, 1, 1))."""
    if array.ndim == 0 or array.size != len(array) or array.dtype.kind not in "biuf":
        problems.add(
            key, f"must be one number per row, but has shape {array.shape} and dtype {array.dtype}" + _hint(array)
        )
        return None
    labels: FloatArray = array.reshape(-1).astype(np.float32)
    return labels


def _hint(array: AnyArray) -> str:
    """What to write for labels that are no single numbers."""
    columns = array.shape[1:]
    if array.dtype.kind in "USO":
        return "; names of classes are read with `data.target: {kind: classes, names: [...]}`"
    if len(columns) == 2 and columns[1] == 2:
        names = "[neutral, happy, sad, angry]" if columns[0] == 4 else "[...]"
        order = ", in the order of MulT's IEMOCAP file" if columns[0] == 4 else f" with {columns[0]} names"
        return (
            f"; that may be one of {columns[0]} classes, or {columns[0]} yes-or-no answers, and papers differ: write "
            f"`data.target: {{kind: classes, names: {names}}}` or "
            f"`data.target: {{kind: binaries, names: {names}}}`{order}"
        )
    if len(columns) == 1 and columns[0] > 1:
        return (
            f"; say what the {columns[0]} columns are: `data.target: {{kind: classes, names: [...]}}` where one of "
            "them is 1, `binaries` where any may be, `several` where they are numbers"
        )
    return ""


def _classes(array: AnyArray, target: Target, key: str, problems: Problems) -> FloatArray | None:
    """Numbers of classes, names of classes, one column per class, or one pair (no, yes) per class."""
    num_classes, names = len(target.names), ", ".join(target.names)
    if array.dtype.kind in "USO" and array.ndim and array.size == len(array):
        texts = [item.decode("latin1") if isinstance(item, bytes) else str(item) for item in array.reshape(-1).tolist()]
        unknown = sorted(set(texts) - set(target.names))
        if unknown:
            problems.add(
                key, f"has the class {unknown[0]!r}, which is none of {names}; name all of them in data.target"
            )
            return None
        return np.array([target.names.index(text) for text in texts], dtype=np.float32)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        problems.add(key, f"must be classes, but has shape {array.shape} and dtype {array.dtype}")
        return None
    if array.size == len(array):
        numbers = array.reshape(-1).astype(np.float64)
        wrong = np.flatnonzero(~((numbers == np.round(numbers)) & (numbers >= 0) & (numbers < num_classes)))
        if len(wrong):
            problems.add(
                key,
                f"row {wrong[0]} is {numbers[wrong[0]]:g}, which is no number of a class: {num_classes} are named "
                f"({names}), counted from 0",
            )
            return None
        return numbers.astype(np.float32)
    answers = _answers(array, target, key, problems)
    if answers is None:
        return None
    chosen = answers.sum(axis=1)
    wrong = np.flatnonzero(chosen != 1)
    if len(wrong):
        problems.add(
            key,
            f"row {wrong[0]} has {int(chosen[wrong[0]])} of {names} ({len(wrong)} rows do not have exactly one); for "
            "several at once write `kind: binaries`",
        )
        return None
    classes: FloatArray = answers.argmax(axis=1).astype(np.float32)
    return classes


def _answers(array: AnyArray, target: Target, key: str, problems: Problems) -> FloatArray | None:
    """(n, K) of 0 and 1 from as many columns, or from as many pairs (no, yes) as MulT's IEMOCAP file has."""
    num_names = len(target.names)
    values = array
    if array.dtype.kind in "biuf" and array.shape[1:] == (num_names, 2):
        if not (array.sum(axis=2) == 1).all():
            problems.add(key, "must be pairs (no, yes) of which one is 1 and the other 0")
            return None
        values = array[:, :, 1]
    if values.dtype.kind not in "biuf" or values.shape[1:] != (num_names,) or not np.isin(values, (0, 1)).all():
        problems.add(
            key,
            f"must be 0 or 1 for each of {', '.join(target.names)}, (n, {num_names}) or pairs (n, {num_names}, 2), but "
            f"has shape {array.shape} and dtype {array.dtype}",
        )
        return None
    return values.astype(np.float32)


def _several(array: AnyArray, target: Target, key: str, problems: Problems) -> FloatArray | None:
    num_names = len(target.names)
    if array.dtype.kind not in "biuf" or array.ndim < 2 or array.size != len(array) * num_names:
        problems.add(
            key,
            f"must be one number for each of {', '.join(target.names)}, (n, {num_names}), but has shape {array.shape} "
            f"and dtype {array.dtype}",
        )
        return None
    return array.reshape(len(array), num_names).astype(np.float32)


_DECODE: Mapping[TargetKind, Callable[[AnyArray, Target, str, Problems], FloatArray | None]] = {
    "regression": _one_number,
    "classes": _classes,
    "binaries": _answers,
    "several": _several,
}
