"""Objectives of a search: a validation metric, and costs traded off against it. No test metric can be named here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.records.run_record import RunRecord

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


@dataclass(frozen=True)
class Cost:
    """What a trial takes: ``parameters`` of its model, or ``device_seconds`` on all of its devices. Less is better."""

    name: str
    direction: Direction = "minimize"

    def of_record(self, record: RunRecord) -> float | None:
        """The cost of a trial that has ended."""
        return _finite(float(record.num_parameters) if self.name == "parameters" else record.device_s)


ObjectiveOrCost = Objective | Cost
COSTS = {cost.name: cost for cost in (Cost("parameters"), Cost("device_seconds"))}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
