"""What the predictions of a study are scored by: the metrics that make sense on its scale and for its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.samples.samples import LabelScale
from dmd.metrics import TWO_CLASS, compute_metrics, metric_names


@dataclass(frozen=True)
class Scoring:
    """One choice of metrics, for all parts of a partition.

    Attributes:
        scale: the labels' scale.
        names: the metrics, in display order.
        remark: why there is no two-class metric, as a clause; empty if there are some.
    """

    scale: LabelScale
    names: tuple[str, ...]
    remark: str = ""

    def score(self, predictions: npt.NDArray[np.floating], labels: npt.NDArray[np.floating]) -> dict[str, float]:
        """Every metric of predictions (n,) for labels (n,)."""
        values = compute_metrics(predictions, labels, self.scale)
        return {name: values[name] for name in self.names}


def choose_metrics(scale: LabelScale, parts: Mapping[str, npt.NDArray[np.floating]]) -> Scoring:
    """The metrics for predictions that are scored on ``parts``: what a part is called -> its labels (n,).

    Where no label lies on one side of the neutral point there is nothing to tell apart by sign: a predictor that always
    answers with a number of the other side would be right every time. Two-class metrics are then left out.
    """
    names = metric_names(scale)
    remark = _why_one_sided(scale, parts)
    if remark:
        names = tuple(name for name in names if name not in TWO_CLASS)
    return Scoring(scale, names, remark)


def _why_one_sided(scale: LabelScale, parts: Mapping[str, npt.NDArray[np.floating]]) -> str:
    if not scale.low < scale.neutral < scale.high:
        return f"the neutral point {scale.neutral:g} is an end of the label scale [{scale.low:g}, {scale.high:g}]"
    # compared as float32, in which labels are held
    neutral = np.float32(scale.neutral)
    for part, labels in parts.items():
        sides = {"below": bool((labels < neutral).any()), "above": bool((labels > neutral).any())}
        missing = [side for side, is_there in sides.items() if not is_there]
        if missing:
            return (
                f"no label {part} lies {' or '.join(missing)} the neutral point {scale.neutral:g} "
                f"(they go from {labels.min():g} to {labels.max():g})"
            )
    return ""
