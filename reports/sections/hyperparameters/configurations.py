"""Which configuration was confirmed for each arm on each cell, and where it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.run_record import RunRecord, Value
from reports.records.study_description import StudyDescription
from reports.results.current_choice import ChoiceRule
from reports.results.fold_cell import FoldCell, cell_of
from reports.results.metrics import known_metric
from reports.results.results import ResultsTable


@dataclass(frozen=True)
class BestConfiguration:
    """The configuration that was confirmed for an arm on one cell, and where it came from.

    Attributes:
        arm, cell: by name.
        configuration_id: hash of method and settings.
        parameters: the searched values.
        origin: where it came from, in words.
        num_searched: search trials of this arm on this cell; 0 if it was inherited or fixed.
        search_value: objective of the chosen search run on validation: one run, chosen for being the best; None if
            unknown.
        confirm_value: mean objective on validation over the fresh seeds; None if no run completed.
        num_confirmed: those runs.
    """

    arm: str
    cell: str
    configuration_id: str
    parameters: Mapping[str, Value]
    origin: str
    num_searched: int
    search_value: float | None
    confirm_value: float | None
    num_confirmed: int


@dataclass(frozen=True)
class BestConfigurations:
    """objective: the validation metric that chose. rows: per arm and cell."""

    objective: str
    rows: tuple[BestConfiguration, ...]


Place = tuple[str, FoldCell]


def _searches(records: Sequence[RunRecord]) -> dict[Place, list[RunRecord]]:
    searches: dict[Place, list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.stage == "search":
            searches[record.arm, cell_of(record.repeat, record.fold)].append(record)
    return searches


def best_configurations(
    study: StudyDescription, results: ResultsTable, records: Sequence[RunRecord]
) -> BestConfigurations:
    """The confirmed configuration per arm and cell, in the order of arms and cells.

    Args:
        study, results: what was planned, and the scores.
        records: of both stages, in any order.
    """
    objective = ChoiceRule.of(study).objective
    searches = _searches(records)
    confirmed: dict[Place, list[RunRecord]] = defaultdict(list)
    for (arm_place, _, cell_place), record in sorted(results.runs.items(), key=lambda item: item[0]):
        confirmed[results.arms[arm_place], results.cells[cell_place]].append(record)
    rows = []
    for (arm, cell), runs in sorted(confirmed.items(), key=lambda item: (results.arms.index(item[0][0]), item[0][1])):
        own = searches.get((arm, cell), [])
        source = own or searches.get((study.baseline, cell), [])
        rows.append(
            _describe(
                arm=arm, cell=cell, runs=runs, own=own, source=source, objective=objective, baseline=study.baseline
            )
        )
    return BestConfigurations(objective, tuple(rows))


def _describe(
    arm: str,
    cell: FoldCell,
    runs: Sequence[RunRecord],
    own: Sequence[RunRecord],
    source: Sequence[RunRecord],
    objective: str,
    baseline: str,
) -> BestConfiguration:
    run = runs[0]
    origin_value = _origin_value(run, source, objective)
    if not run.parameters:
        origin = "fixed"
    elif own:
        origin = "own search"
    else:
        origin = f"inherited from {baseline}" if origin_value is not None else "not recorded"
    values = [record.valid[objective] for record in runs if record.status == "completed" and objective in record.valid]
    return BestConfiguration(
        arm=arm,
        cell=cell.name,
        configuration_id=run.configuration_id,
        parameters=dict(sorted(run.parameters.items())),
        origin=origin,
        num_searched=len(own),
        search_value=origin_value if run.parameters else None,
        confirm_value=float(np.mean(values)) if values else None,
        num_confirmed=len(values),
    )


def _origin_value(run: RunRecord, source: Sequence[RunRecord], objective: str) -> float | None:
    """The objective of the search trial that ``run`` confirms; None if there is none.

    A search trial remembers its whole proposal, the confirm trial only what has an effect in its arm, so several may
    match: the best of them was chosen.
    """
    values = [
        search.valid[objective]
        for search in source
        if search.status == "completed"
        and objective in search.valid
        and run.parameters.items() <= search.parameters.items()
    ]
    metric = known_metric(objective)
    is_higher_better = metric is not None and metric.higher_is_better
    return (max if is_higher_better else min)(values, default=None)
