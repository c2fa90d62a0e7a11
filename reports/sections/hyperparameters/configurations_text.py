"""The chosen configurations as text: a line per parameter, a column per fold, so that folds can be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reports.results.fold_cell import FoldCell
from reports.results.metrics import Metric
from reports.sections.hyperparameters.configurations import BestConfiguration
from reports.text.listing import MOST_LISTED, list_names
from reports.text.markdown_table import Grid, deal_columns
from reports.text.rounding import ABSENT, compact, count, fixed

MOST_CELLS = 6


@dataclass(frozen=True)
class ConfigurationBlock:
    """What was chosen for one arm, and which other arms took it over. lead: the sentence before the grids."""

    lead: str
    grids: tuple[Grid, ...]


def configuration_blocks(
    configurations: Sequence[BestConfiguration], cells: Sequence[FoldCell], metric: Metric, detailed: Collection[str]
) -> tuple[ConfigurationBlock, ...]:
    """One block per detailed arm with a configuration of its own, in the order of arms; none without a search.

    cells: of the study. metric: the objective.
    """
    rows: dict[str, list[BestConfiguration]] = {}
    for row in configurations:
        if row.parameters:
            rows.setdefault(row.arm, []).append(row)
    owner_of = {arm: _owner(found, rows) for arm, found in rows.items()}
    blocks = []
    for arm, found in rows.items():
        if owner_of[arm] != arm or arm not in detailed:
            continue
        heirs = [other for other, owner in owner_of.items() if owner == arm and other != arm]
        blocks.append(ConfigurationBlock(_lead(arm, found, heirs, rows), _grids(found, cells, metric)))
    return tuple(blocks)


def _owner(found: Sequence[BestConfiguration], rows: Mapping[str, object]) -> str:
    """The arm whose search chose for this one; the arm itself where that arm has no rows to point at."""
    inherited = {row.origin.removeprefix("inherited from ") for row in found if row.origin.startswith("inherited")}
    owner = next(iter(inherited)) if len(inherited) == 1 else found[0].arm
    return owner if owner in rows else found[0].arm


def _lead(
    arm: str, found: Sequence[BestConfiguration], heirs: Sequence[str], rows: Mapping[str, Sequence[BestConfiguration]]
) -> str:
    searched = sum(row.num_searched for row in found)
    lead = f"`{arm}`, from {count(searched, 'search trial')} in {count(len(found), 'cell')}" if searched else f"`{arm}`"
    if not heirs:
        return f"{lead}:"
    if len(heirs) > MOST_LISTED:
        return f"{lead}; inherited by {list_names(heirs)}:"
    own = {name for row in found for name in row.parameters}
    told = []
    for heir in heirs:
        missing = sorted(own - {name for row in rows[heir] for name in row.parameters})
        told.append(f"`{heir}`" + (f" (without {', '.join(missing)}: no effect there)" if missing else ""))
    return f"{lead}; inherited by {', '.join(told)}:"


def _grids(found: Sequence[BestConfiguration], cells: Sequence[FoldCell], metric: Metric) -> tuple[Grid, ...]:
    by_cell = {row.cell: row for row in found}
    shown = [cell.name for cell in cells if cell.name in by_cell]
    names = sorted({name for row in found for name in row.parameters})
    return tuple(_grid([by_cell[cell] for cell in some], names, metric) for some in deal_columns(shown, MOST_CELLS))


def _grid(found: Sequence[BestConfiguration], names: Sequence[str], metric: Metric) -> Grid:
    rows = [
        (name, *(compact(row.parameters[name]) if name in row.parameters else ABSENT for row in found))
        for name in names
    ]
    if any(row.search_value is not None for row in found):
        rows.append((f"best valid {metric.label}", *(_best(row, metric) for row in found)))
    return Grid(("Parameter", *(row.cell for row in found)), "l" + "r" * len(found), tuple(rows))


def _best(row: BestConfiguration, metric: Metric) -> str:
    """``0.862 of 12``: the value of one run, picked as the best of so many."""
    if row.search_value is None:
        return ABSENT
    value = fixed(row.search_value * metric.factor, metric.decimals)
    return f"{value} of {row.num_searched}" if row.num_searched else value
