"""A search over several objectives: the trials that no other trial of their search beats in everything.

All of it is validation: one run per configuration, picked from many, so what lies on a front is optimistic.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.records.run_record import RunRecord, Value
from reports.records.study_description import StudyDescription
from reports.results.fold_cell import FoldCell, cell_of
from reports.results.metrics import known_metric
from reports.statistics.arrays import FloatArray

PARAMETERS, DEVICE_SECONDS = "parameters", "device_seconds"


@dataclass(frozen=True)
class FrontPoint:
    """One trial on a front.

    Attributes:
        trial_id: of the search trial.
        values: in the order of the objectives.
        parameters: the searched values.
    """

    trial_id: str
    values: tuple[float, ...]
    parameters: Mapping[str, Value]


@dataclass(frozen=True)
class ParetoFront:
    """The front of one search.

    Attributes:
        arm, cell: where the search was.
        points: best in the first objective first.
        beaten: (n, objectives) values of the completed trials that are not on it.
    """

    arm: str
    cell: FoldCell
    points: tuple[FrontPoint, ...]
    beaten: FloatArray


@dataclass(frozen=True)
class ParetoTable:
    """objectives: as the search space names them (``valid/mae``, ``parameters``). fronts: per arm and cell."""

    objectives: tuple[str, ...]
    fronts: tuple[ParetoFront, ...]


def tabulate_fronts(study: StudyDescription, records: Sequence[RunRecord]) -> ParetoTable | None:
    """The fronts of a study whose searches have several objectives; None for one objective, or none."""
    objectives = tuple(str(name) for name in study.search.get("objectives", ()))
    if len(objectives) < 2:
        return None
    searches: dict[tuple[str, FoldCell], list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.stage == "search" and record.status == "completed":
            searches[record.arm, cell_of(record.repeat, record.fold)].append(record)
    order = {arm.name: place for place, arm in enumerate(study.arms)}
    places = sorted(searches, key=lambda place: (order.get(place[0], len(order)), place))
    return ParetoTable(objectives, tuple(_front(*place, searches[place], objectives) for place in places))


def is_higher_better(objective: str) -> bool:
    """Whether more of an objective is better; costs are better when small."""
    metric = known_metric(objective.removeprefix("valid/"))
    return metric is not None and metric.higher_is_better


def _front(arm: str, cell: FoldCell, records: Sequence[RunRecord], objectives: Sequence[str]) -> ParetoFront:
    known = [(record, values) for record in records if all(map(math.isfinite, values := _values(record, objectives)))]
    points = [FrontPoint(record.trial_id, values, dict(sorted(record.parameters.items()))) for record, values in known]
    table = np.array([point.values for point in points]).reshape(len(points), len(objectives))
    signs = np.array([-1.0 if is_higher_better(name) else 1.0 for name in objectives])
    on_front = find_front(table * signs)
    chosen = sorted(
        (point for point, is_on in zip(points, on_front, strict=True) if is_on),
        key=lambda point: (point.values[0] * signs[0], point.values, point.trial_id),
    )
    beaten = table[~on_front]
    return ParetoFront(arm, cell, tuple(chosen), beaten[np.lexsort(beaten.T[::-1])])


def find_front(values: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) which rows of ``values`` (n, objectives), smaller being better, no other row is at least as good as in all
    objectives and better than in one. Equal rows are on the front together."""
    is_beaten = [bool(((values <= row).all(axis=1) & (values < row).any(axis=1)).any()) for row in values]
    return ~np.array(is_beaten, dtype=bool)


def _values(record: RunRecord, objectives: Sequence[str]) -> tuple[float, ...]:
    costs = {PARAMETERS: float(record.num_parameters), DEVICE_SECONDS: record.device_s}
    return tuple(
        costs[name] if name in costs else record.valid.get(name.removeprefix("valid/"), math.nan) for name in objectives
    )
