"""What a search optimises: one validation metric. There is no way to name a test metric here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.record import RunRecord

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Objective:
    """metric: name of a validation metric, without prefix (``mae``)."""

    metric: str
    direction: Direction = "minimize"

    def of_record(self, record: RunRecord) -> float | None:
        """The value of a trial that has ended, at its chosen epoch; None if it has no finite one."""
        return _finite(record.valid.get(self.metric))

    def of_epoch(self, metrics: Mapping[str, float]) -> float | None:
        """The value in the metrics of one epoch; None where the metric is absent (NaN stays NaN)."""
        return metrics.get(f"valid/{self.metric}")

    def rank(self, value: float) -> float:
        """A number that is smaller the better ``value`` is."""
        return value if self.direction == "minimize" else -value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
