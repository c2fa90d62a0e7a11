"""How the study went as CSV: runs, failures, cost, and where every number comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.run_log.origins import CellOrigin
from reports.sections.run_log.values import CostTable, FailureTable, Provenance
from reports.text.csv_table import Cell, Table


def run_table(results: ResultsTable, metrics: Sequence[Metric]) -> Table:
    """Every confirm run that was planned or made."""
    rows = []
    factors = [metric.factor for metric in metrics]
    places = [results.metrics.index(metric.name) for metric in metrics]
    for arm, seed, cell in np.argwhere(results.state != RunState.NOT_PLANNED).tolist():
        record = results.runs.get((arm, seed, cell))
        shown = [float(results.scores[arm, seed, cell, p]) * f for p, f in zip(places, factors, strict=True)]
        head: tuple[Cell, ...] = (results.arms[arm], results.seeds[seed], results.cells[cell].name)
        state = RunState(int(results.state[arm, seed, cell])).name.lower()
        ids: tuple[Cell, ...] = (None, None) if record is None else (record.trial_id, record.configuration_id)
        rows.append((*head, state, *ids, *shown, None if record is None else record.reused_from))
    columns = ("arm", "seed", "cell", "state", "trial_id", "configuration_id")
    return Table("runs", (*columns, *(metric.name for metric in metrics), "reused_from"), tuple(rows))


def failure_table(failures: FailureTable) -> Table:
    """Failed trials, then confirm runs without a record."""
    columns = ("trial_id", "arm", "stage", "seed", "cell", "attempts", "epochs", "error", "scored_as")
    rows: list[tuple[Cell, ...]] = [
        (r.trial_id, r.arm, r.stage, r.seed, r.cell, r.attempts, r.epochs, r.error, r.scored_as) for r in failures.rows
    ]
    rows += [(None, arm, "confirm", seed, cell, 0, 0, "no record", "missing") for arm, seed, cell in failures.missing]
    return Table("failures", columns, tuple(rows))


def cost_table(cost: CostTable) -> Table:
    """What every arm cost in every stage."""
    columns = ("arm", "stage", "trials", "reused", "epochs", "device_s")
    return Table("cost", columns, tuple((r.arm, r.stage, r.trials, r.reused, r.epochs, r.device_s) for r in cost.rows))


def cell_table(cells: Sequence[CellOrigin], components: Sequence[str], metrics: Sequence[Metric]) -> Table:
    """Every arm on every cell, with the trials behind it."""
    names = tuple(metric.name for metric in metrics)
    rows = []
    for cell in cells:
        trials = (len(cell.trial_ids), " ".join(str(seed) for seed in cell.seeds), " ".join(cell.trial_ids))
        model = (*(cell.components.get(name) for name in components), cell.num_parameters)
        means = tuple(cell.means[name] for name in names)
        rows.append((cell.arm, cell.cell, cell.configuration_id, *model, *trials, *means))
    columns = ("arm", "cell", "configuration_id", *components, "num_parameters", "n", "seeds", "trial_ids")
    return Table("cells", (*columns, *names), tuple(rows))


def provenance_table(provenance: Provenance) -> Table:
    """Data, environment, settings and commands, a pair each."""
    return Table("provenance", ("part", "key", "value"), tuple(_provenance_rows(provenance)))


def _provenance_rows(provenance: Provenance) -> Iterator[tuple[str, str, str]]:
    for part, pairs in (
        ("data", provenance.data),
        ("environment", provenance.environment),
        ("fixed", provenance.fixed),
    ):
        for key, value in pairs:
            yield part, key, value
    yield "command", "command_line", provenance.command
    for row in provenance.rows:
        yield "command", row.arm, row.command
