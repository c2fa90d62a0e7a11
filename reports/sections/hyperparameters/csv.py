"""The hyperparameter section as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.sections.hyperparameters.configurations import BestConfiguration
from reports.sections.hyperparameters.optimum import ParameterPlateau
from reports.sections.hyperparameters.values import Hyperparameters
from reports.statistics.estimate import Estimate
from reports.text.csv_table import Cell, Table


def hyperparameter_tables(section: Hyperparameters) -> tuple[Table, ...]:
    """Every table of the section, also the empty ones."""
    return (
        Table(
            "importance",
            (
                "arm",
                "method",
                "parameter",
                "share",
                "low",
                "high",
                "noise",
                "num_trials",
                "num_samples",
                "compared_after",
            ),
            tuple(_importance(section)),
        ),
        Table(
            "sensitivity",
            _CURVE_COLUMNS,
            tuple(_sensitivity(section)),
        ),
        Table(
            "flatness",
            (
                "arm",
                "objective",
                "run_deviation",
                "df",
                "num_within",
                "num_trials",
                "parameter",
                "share",
                *_CHANCE_COLUMNS,
            ),
            tuple(_flatness(section)),
        ),
        Table(
            "optimism",
            ("arm", "gap", "objective", "promised", "found", *_GAP_COLUMNS, "num_searched"),
            tuple(_optimism(section)),
        ),
    )


def _importance(section: Hyperparameters) -> Iterator[tuple[Cell, ...]]:
    after = {history.arm: history.comparison.after for history in section.histories}
    for importance in section.importance:
        for found in importance.methods:
            for s in found.shares:
                share = (s.parameter.name, s.value, s.low, s.high, s.noise, s.num_trials)
                yield importance.arm, found.method.name, *share, importance.num_samples, after[importance.arm]


def _sensitivity(section: Hyperparameters) -> Iterator[tuple[Cell, ...]]:
    after = {history.arm: history.comparison.after for history in section.histories}
    for found in section.sensitivity:
        for curve in found.curves:
            for place, unit in enumerate(curve.units.tolist()):
                point = (unit, curve.parameter.from_unit(unit), float(curve.effect[place]))
                width, may_be_best = float(curve.half_width[place]), bool(curve.may_be_best[place])
                last = (curve.p_flat, curve.p_holm, curve.num_trials[place], found.degree, found.df, after[found.arm])
                yield found.arm, found.objective.name, curve.parameter.name, *point, width, may_be_best, *last


def _flatness(section: Hyperparameters) -> Iterator[tuple[Cell, ...]]:
    for plateau in section.plateaus:
        head = (plateau.arm, plateau.objective.name, plateau.run_deviation, plateau.df)
        for item in plateau.parameters:
            yield *head, plateau.num_within, plateau.num_trials, item.parameter.name, item.share, *_chance(item)


def _chance(item: ParameterPlateau) -> tuple[Cell, ...]:
    return item.by_chance, item.chance_low, item.chance_high


_CHANCE_COLUMNS = ("by_chance", "chance_low", "chance_high")
_CURVE_COLUMNS = (
    *("arm", "objective", "parameter", "unit", "value", "effect", "half_width"),
    *("may_be_best", "p_flat", "p_flat_holm", "num_trials", "degree", "df", "compared_after"),
)
_GAP_COLUMNS = ("lost", "n", "rerun_low", "rerun_high", "new_data_low", "new_data_high")


def _optimism(section: Hyperparameters) -> Iterator[tuple[Cell, ...]]:
    objective = section.optimism.objective.name
    for row in section.optimism.search:
        gap = (*_gap(row.rerun), row.new_data.low, row.new_data.high)
        yield row.arm, "search", objective, row.searched, row.confirmed, *gap, row.num_searched
    for gap_row in section.optimism.valid_test:
        gap = (*_gap(gap_row.rerun), None, None)
        yield gap_row.arm, "valid to test", objective, gap_row.valid, gap_row.test, *gap, None


def _gap(rerun: Estimate) -> tuple[Cell, ...]:
    return rerun.value, rerun.n, rerun.low, rerun.high


def configuration_table(configurations: Sequence[BestConfiguration]) -> Table:
    """The confirmed configuration of every arm on every cell."""
    names = sorted({name for row in configurations for name in row.parameters})
    rows = []
    for r in configurations:
        found = (r.arm, r.cell, r.configuration_id, r.origin, r.num_searched, r.search_value)
        values = tuple(r.parameters.get(name) for name in names)
        rows.append((*found, r.confirm_value, r.num_confirmed, *values))
    columns = ("arm", "cell", "configuration_id", "origin", "num_searched", "search_value", "confirm_value")
    return Table("configurations", (*columns, "num_confirmed", *names), tuple(rows))
