"""The scale that labels live on: declared by the user or the file, or [-3, 3] where the labels do not speak against."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from dmd.data.samples.arrays import FloatArray
from dmd.data.samples.samples import LabelScale
from dmd.data.tables.file_problems import Problems

SENTIMENT = LabelScale()
"""MOSI's and MOSEI's: what is assumed where no scale is declared."""

_SMALLER: Mapping[LabelScale, str] = {
    LabelScale(-1.0, 1.0, 0.0): "the scale of CH-SIMS",
    LabelScale(0.0, 1.0, 0.5): "a share",
}
"""Known scales inside [-3, 3]."""

_FILLED = 0.1
"""Labels fill a scale that come this near to both of its ends, as a share of its width, and go beyond neither."""

_FEWEST = 10
"""Fewer labels may lie anywhere on their scale."""


def resolve_label_scale(
    labels: Mapping[str, FloatArray], declared: LabelScale | None, key: str, problems: Problems
) -> LabelScale:
    """The declared label scale, or [-3, 3] around 0.

    Without a declaration labels are refused that fill a known smaller scale, or are whole numbers from 0 up (indices of
    classes, mostly): metrics and margins of [-3, 3] would be wrong numbers for them.

    Args:
        labels: key of a split's labels -> (n,).
        declared: by the user or the file; None: by neither.
        key: what the labels of all splits are called, for messages.
        problems: get what does not fit.
    """
    scale = declared or SENTIMENT
    together = np.concatenate([np.zeros(0, np.float32), *labels.values()])
    asked = f"{_ask_for(suggest_scale(together))}{_or_classes(together)}"
    remedy = "" if declared is not None else f", which is assumed; {asked}"
    fitting = [_check_range(name, array, scale, remedy, problems) for name, array in labels.items()]
    if declared is None and all(fitting):
        found = _speaks_for(together)
        if found is not None:
            what, suggested = found
            problems.add(key, f"{what}, and no label scale is declared; {_ask_for(suggested)}")
    return scale


def suggest_scale(labels: FloatArray) -> LabelScale:
    """The scale that labels (n,) speak for: whole numbers that hold them, around 0 where some are negative."""
    finite = labels[np.isfinite(labels)].astype(np.float64)
    if not len(finite):
        return SENTIMENT
    # rounded as a float32 of 0.1 is a little above 0.1
    low, high = math.floor(round(finite.min(), 5)), math.ceil(round(finite.max(), 5))
    if low < 0:
        reach = float(max(-low, high))
        return LabelScale(-reach, reach, 0.0)
    high = max(high, low + 1)
    return LabelScale(float(low), float(high), (low + high) / 2)


def _speaks_for(labels: FloatArray) -> tuple[str, LabelScale] | None:
    """What labels inside [-3, 3] look like if not like sentiment on that scale, and the scale they may be on."""
    if len(labels) < _FEWEST:
        return None
    low, high = float(labels.min()), float(labels.max())
    if _look_like_classes(labels):
        return (
            f"labels are whole numbers from {low:g} to {high:g}, as indices of classes are{_or_classes(labels)}",
            suggest_scale(labels),
        )
    for scale, name in _SMALLER.items():
        margin = _FILLED * (scale.high - scale.low)
        if scale.low <= low <= scale.low + margin and scale.high - margin <= high <= scale.high:
            return f"labels fill [{scale.low:g}, {scale.high:g}], {name}", scale
    return None


def _look_like_classes(labels: FloatArray) -> bool:
    if len(labels) < _FEWEST or not np.isfinite(labels).all():
        return False
    return bool(0 <= labels.min() < labels.max() and np.array_equal(labels, np.round(labels)))


def _or_classes(labels: FloatArray) -> str:
    """What to write for labels (n,) that may be numbers of classes; empty for any other."""
    if not _look_like_classes(labels):
        return ""
    num = int(labels.max()) + 1
    return f" (if they are classes, write `data.target: {{kind: classes, names: [...]}}` with {num} names)"


def _check_range(key: str, labels: FloatArray, scale: LabelScale, remedy: str, problems: Problems) -> bool:
    # compared as float32, so that a bound such as 0.1 does not exclude itself
    fits = (labels >= np.float32(scale.low)) & (labels <= np.float32(scale.high))
    if fits.all():
        return True
    row, num = int(np.flatnonzero(~fits)[0]), int(np.count_nonzero(~fits))
    problems.add(
        key,
        f"labels are out of range: row {row} is {labels[row]}, must be in [{scale.low:g}, {scale.high:g}] ({num} such "
        f"rows){remedy or '; correct the declared label scale, or the labels'}",
    )
    return False


def _ask_for(scale: LabelScale) -> str:
    low, high, neutral = (f"{value:g}" for value in (scale.low, scale.high, scale.neutral))
    return (
        f"write `data.label_scale: {{low: {low}, high: {high}, neutral: {neutral}}}` in the space if that is their "
        f"scale (dmd-data: --label-scale={low},{high},{neutral})"
    )
