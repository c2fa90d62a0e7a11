"""How each test metric is shown: its label, its unit, and which direction is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Metric:
    """One metric as shown.

    Attributes:
        name: as recorded (``mae``).
        label: as printed (``MAE``).
        higher_is_better: the direction of the metric.
        factor: recorded value times factor is the shown value (100 for shares shown in per cent).
        unit: of the shown value; empty for a metric in the unit of the labels.
        decimals: shown where the uncertainty is unknown and cannot decide.
    """

    name: str
    label: str
    higher_is_better: bool
    factor: float = 100.0
    unit: str = "%"
    decimals: int = 1

    @property
    def heading(self) -> str:
        """Label with an arrow towards better."""
        return f"{self.label} {'↑' if self.higher_is_better else '↓'}"

    @property
    def better(self) -> str:
        """``higher`` or ``lower``: the direction of the metric as a word."""
        return "higher" if self.higher_is_better else "lower"

    @property
    def loss_sign(self) -> float:
        """-1 where higher is better, else 1: a value times this is smaller the better it is."""
        return -1.0 if self.higher_is_better else 1.0


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric("mae", "MAE", higher_is_better=False, factor=1.0, unit="", decimals=3),
            Metric("corr", "Corr", higher_is_better=True, factor=1.0, unit="", decimals=3),
            Metric("acc7", "Acc-7", higher_is_better=True),
            Metric("acc5", "Acc-5", higher_is_better=True),
            Metric("acc2_non0", "Acc-2 non0", higher_is_better=True),
            Metric("f1_non0", "F1 non0", higher_is_better=True),
            Metric("acc2_has0", "Acc-2 has0", higher_is_better=True),
            Metric("f1_has0", "F1 has0", higher_is_better=True),
            Metric("acc5_sims", "Acc-5 SIMS", higher_is_better=True),
            Metric("acc3_sims", "Acc-3 SIMS", higher_is_better=True),
            Metric("acc2_sims", "Acc-2 SIMS", higher_is_better=True),
            Metric("f1_sims", "F1 SIMS", higher_is_better=True),
            Metric("nll", "NLL", higher_is_better=False, factor=1.0, unit="", decimals=3),
            Metric("acc", "Acc", higher_is_better=True),
            Metric("uar", "UAR", higher_is_better=True),
            Metric("macro_f1", "macro F1", higher_is_better=True),
            Metric("weighted_f1", "weighted F1", higher_is_better=True),
        )
    }
)
"""Every metric whose name is fixed, by name."""

_FAMILIES = (
    Metric("f1", "F1", higher_is_better=True),
    METRICS["acc"],
    METRICS["mae"],
    METRICS["corr"],
)
"""Metrics of one class, one question or one number: their names end in its name, ``f1_angry``."""


def known_metric(name: str) -> Metric | None:
    """The metric called ``name``; None for a name that reports cannot show."""
    if name in METRICS:
        return METRICS[name]
    for family in _FAMILIES:
        part = name.removeprefix(f"{family.name}_")
        if part not in (name, ""):
            return replace(family, name=name, label=f"{family.label} {part}")
    return None


def find_metric(name: str) -> Metric:
    """The metric called ``name``. Raises ValueError for a name that reports cannot show."""
    metric = known_metric(name)
    if metric is None:
        families = ", ".join(f"{family.name}_<name>" for family in _FAMILIES)
        raise ValueError(f"metric {name!r} is unknown to reports; known: {', '.join(METRICS)}, {families}")
    return metric
