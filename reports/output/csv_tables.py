"""Every table of a report as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from reports.report import ContrastRow, Report
from reports.results.estimates import Answers
from reports.results.results import RunState
from reports.sections.ablation.component_ticks import Tick
from reports.sections.hyperparameters.csv import hyperparameter_tables
from reports.sections.model_inside.csv import inside_tables
from reports.sections.pareto.text import front_table
from reports.sections.power.text import detection_table
from reports.sections.tuning.csv import budget_tables
from reports.statistics.estimate import Estimate
from reports.text.csv_table import Cell, Table


def report_tables(report: Report) -> tuple[Table, ...]:
    """Every table, also the empty ones: a file that is always there is easier to read by program."""
    return (
        _arms(report),
        _contrasts(report),
        detection_table(report),
        _attribution(report),
        _race(report),
        front_table(report),
        _models(report),
        _paper(report),
        _runs(report),
        _configurations(report),
        *hyperparameter_tables(report.hyperparameters),
        *budget_tables(report.budget),
        *inside_tables(report),
        _failures(report),
        Table(
            "cost",
            ("arm", "stage", "trials", "reused", "epochs", "device_s"),
            tuple((r.arm, r.stage, r.trials, r.reused, r.epochs, r.device_s) for r in report.cost.rows),
        ),
        Table("warnings", ("warning",), tuple((text,) for text in report.warnings)),
        _cells(report),
        Table("provenance", ("part", "key", "value"), tuple(_provenance(report))),
    )


ANSWER_COLUMNS = (
    "value",
    *("rerun_low", "rerun_high", "rerun_df", "rerun_n", "rerun_method", "rerun_note"),
    *("new_data_low", "new_data_high", "new_data_df", "new_data_n", "new_data_method", "new_data_note"),
)


def _answers(answers: Answers | None) -> tuple[Cell, ...]:
    if answers is None:
        return (None,) * len(ANSWER_COLUMNS)
    return (answers.value, *_estimate(answers.rerun), *_estimate(answers.new_data))


def _estimate(estimate: Estimate) -> tuple[Cell, ...]:
    return estimate.low, estimate.high, estimate.df, estimate.n, estimate.method, estimate.note


def _arms(report: Report) -> Table:
    arms = {row.arm: row for row in (*report.ablation.rows, *(model.row for model in report.models))}
    components = report.ablation.components
    rows = []
    for row in arms.values():
        ticks = tuple(_tick(row.ticks.get(name)) for name in components)
        counts = row.counts
        for metric in report.metrics:
            measured = row.measured[metric.name]
            printed = None if row.published is None else row.published.metrics.get(metric.name)
            published = None if printed is None else printed.value
            dataset = report.ablation.dataset if published is not None else None
            survivors = None if measured.survivors is None else measured.survivors.value
            numbers = (counts.seeds, counts.cells, counts.failed, counts.missing, survivors, published, dataset)
            name = (row.arm, row.label, row.role, row.model, *ticks, metric.name, metric.unit)
            rows.append((*name, *_answers(measured.answers), *numbers))
    columns = ("arm", "label", "role", "model", *components, "metric", "unit", *ANSWER_COLUMNS)
    columns += ("seeds", "cells", "failed", "missing", "survivors_value", "published", "published_dataset")
    return Table("ablation", columns, tuple(rows))


def _tick(tick: Tick | None) -> Cell:
    """``4 of 5`` where cells differ."""
    if tick is None:
        return None
    return tick.share if tick.varies else tick.is_everywhere


_SIZE_COLUMNS = (
    "effect_run_sd",
    "effect_low",
    "effect_high",
    "p_improvement",
    "p_improvement_low",
    "p_improvement_high",
)
_P_COLUMNS = ("p_rerun", "p_new_data", "p_both", "p_rerun_holm", "p_new_data_holm", "p_both_holm")


def _contrasts(report: Report) -> Table:
    rows = []
    for row in report.contrasts.everything:
        declared = row if isinstance(row, ContrastRow) else None
        for metric in report.metrics:
            held = row.differences[metric.name]
            effect, chance = held.effect, held.improvement
            sizes: tuple[Cell, ...] = (None,) * 3 if effect is None else (effect.value, effect.low, effect.high)
            sizes += (None,) * 3 if chance is None else (chance.value, chance.low, chance.high)
            is_primary = metric.name == report.primary.name
            tests: tuple[Cell, ...] = (None,) * 8
            if is_primary and declared is not None:
                p = declared.p_values
                tests = (p.rerun, p.new_data, p.both, p.rerun_holm, p.new_data_holm, p.both_holm)
                tests += (declared.verdict.kind, declared.verdict.words)
            survivors = None if held.survivors is None else held.survivors.value
            pair = (row.contrast.first, row.contrast.second, row.contrast.isolates, row.contrast.in_family)
            name = (*pair, metric.name, metric.unit, is_primary)
            rows.append((*name, *_answers(held.answers), *sizes, *tests, row.failed, survivors))
    names = ("first", "second", "isolates", "in_family", "metric", "unit", "is_primary")
    last = ("verdict", "verdict_words", "failed", "survivors_value")
    return Table("contrasts", (*names, *ANSWER_COLUMNS, *_SIZE_COLUMNS, *_P_COLUMNS, *last), tuple(rows))


def _attribution(report: Report) -> Table:
    section = report.attribution
    effects: list[tuple[str, str, Mapping[str, Answers | None]]] = []
    if section.factorial is not None:
        for kind, values in (
            ("main effect", section.factorial.main_effects),
            ("Shapley value", section.factorial.shapley),
            ("interaction", section.factorial.interactions),
        ):
            effects += [(kind, " x ".join(value.components), value.answers) for value in values]
        for level in section.factorial.levels:
            levels = (f"{name} {'on' if on else 'off'}" for name, on in zip(level.components, level.on, strict=True))
            effects.append(("level mean", ", ".join(levels), level.answers))
    if section.constrained is not None:
        values = section.constrained.values
        effects += [("precedence-constrained value", value.components[0], value.answers) for value in values]
    effects += [("path step", f"{step.from_arm} to {step.to_arm}", step.answers) for step in section.path]
    rows = tuple(
        (kind, of, metric.name, metric.unit, *_answers(answers[metric.name]))
        for kind, of, answers in effects
        for metric in report.metrics
    )
    return Table("attribution", ("kind", "of", "metric", "unit", *ANSWER_COLUMNS), rows)


def _race(report: Report) -> Table:
    rows = [
        (
            *(row.contrast.first, row.contrast.second, look.repeats, look.estimate.value),
            *_estimate(look.estimate),
            *(look.estimate.p_value, row.outcome, row.decided_at),
        )
        for row in (report.race.rows if report.race is not None else ())
        for look in row.looks
    ]
    seen = ("difference", "low", "high", "df", "n", "note", "p_raw")
    return Table("race", ("first", "second", "seeds", *seen, "outcome", "decided_at"), tuple(rows))


def _models(report: Report) -> Table:
    rows = []
    for model in report.models:
        difference = None if model.to_baseline is None else model.to_baseline.answers
        measured = model.row.measured[report.primary.name]
        rows.append((model.row.arm, model.row.model, *_answers(measured.answers), *_answers(difference)))
    names = tuple(f"baseline_minus_method_{name}" for name in ANSWER_COLUMNS)
    return Table("methods", ("arm", "model", *ANSWER_COLUMNS, *names), tuple(rows))


def _paper(report: Report) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for table in report.paper:
        for row in table.rows:
            for columns, entry in zip(table.groups, row.entries, strict=True):
                for column, cell in zip(columns, entry.cells, strict=True):
                    printed = cell.printed if column.has_printed else None
                    value = (None, None) if printed is None else (printed.value, printed.is_repaired)
                    name = (table.number, table.dataset, table.is_same_data, row.label, column.heading, column.reading)
                    runs = None if entry.counts is None else entry.counts.scored
                    last = ("+".join(entry.arms), entry.gap, runs, *_answers(cell.measured))
                    rows.append((*name, cell.metric.name, *value, *last))
    names = ("table", "dataset", "is_same_data", "row", "column", "reading", "metric", "published", "is_repaired")
    return Table("paper", (*names, "arm", "gap", "runs", *ANSWER_COLUMNS), tuple(rows))


def _runs(report: Report) -> Table:
    results = report.results
    rows = []
    factors = [metric.factor for metric in report.metrics]
    places = [results.metrics.index(metric.name) for metric in report.metrics]
    for arm, seed, cell in np.argwhere(results.state != RunState.NOT_PLANNED).tolist():
        record = results.runs.get((arm, seed, cell))
        shown = [float(results.scores[arm, seed, cell, p]) * f for p, f in zip(places, factors, strict=True)]
        head: tuple[Cell, ...] = (results.arms[arm], results.seeds[seed], results.cells[cell].name)
        state = RunState(int(results.state[arm, seed, cell])).name.lower()
        ids: tuple[Cell, ...] = (None, None) if record is None else (record.trial_id, record.configuration_id)
        rows.append((*head, state, *ids, *shown, None if record is None else record.reused_from))
    columns = ("arm", "seed", "cell", "state", "trial_id", "configuration_id")
    return Table("runs", (*columns, *(metric.name for metric in report.metrics), "reused_from"), tuple(rows))


def _configurations(report: Report) -> Table:
    names = sorted({name for row in report.configurations.rows for name in row.parameters})
    rows = []
    for r in report.configurations.rows:
        found = (r.arm, r.cell, r.configuration_id, r.origin, r.num_searched, r.search_value)
        values = tuple(r.parameters.get(name) for name in names)
        rows.append((*found, r.confirm_value, r.num_confirmed, *values))
    columns = ("arm", "cell", "configuration_id", "origin", "num_searched", "search_value", "confirm_value")
    return Table("configurations", (*columns, "num_confirmed", *names), tuple(rows))


def _failures(report: Report) -> Table:
    columns = ("trial_id", "arm", "stage", "seed", "cell", "attempts", "epochs", "error", "scored_as")
    rows: list[tuple[Cell, ...]] = [
        (r.trial_id, r.arm, r.stage, r.seed, r.cell, r.attempts, r.epochs, r.error, r.scored_as)
        for r in report.failures.rows
    ]
    rows += [
        (None, arm, "confirm", seed, cell, 0, 0, "no record", "missing") for arm, seed, cell in report.failures.missing
    ]
    return Table("failures", columns, tuple(rows))


def _cells(report: Report) -> Table:
    names = tuple(metric.name for metric in report.metrics)
    components = report.ablation.components
    rows = []
    for cell in report.provenance.cells:
        trials = (len(cell.trial_ids), " ".join(str(seed) for seed in cell.seeds), " ".join(cell.trial_ids))
        model = (*(cell.components.get(name) for name in components), cell.num_parameters)
        means = tuple(cell.means[name] for name in names)
        rows.append((cell.arm, cell.cell, cell.configuration_id, *model, *trials, *means))
    columns = ("arm", "cell", "configuration_id", *components, "num_parameters", "n", "seeds", "trial_ids")
    return Table("cells", (*columns, *names), tuple(rows))


def _provenance(report: Report) -> Iterator[tuple[str, str, str]]:
    provenance = report.provenance
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
