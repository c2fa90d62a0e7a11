"""How flat the optimum is: which searched trials are as good as the best one, given the noise of a single run.

The one-standard-error rule (Breiman, Friedman, Olshen and Stone 1984, *Classification and Regression Trees*): what lies
within one standard error of the best is not told from it. A search value is one run, so its standard error is the
standard deviation of runs, taken from the confirm runs of the arm (the same configuration under fresh seeds, on the
same validation part). The best of many is partly luck, so the true plateau is rather wider than this.

Legend: ``n`` trials, ``P`` parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import FloatArray
from reports.statistics.chance import mean_span
from reports.statistics.rerun import noise_unit

NO_NOISE_LEVEL = "no two confirm runs of a configuration have a validation value, so the noise of a run is not known"
NO_NOISE = "its confirm runs give the same value under every seed, so no other trial is as good as the best by chance"


@dataclass(frozen=True)
class ParameterPlateau:
    """One parameter over the trials as good as the best.

    Attributes:
        parameter: with its searched range.
        share: how much of the searched range they span (of a choice: how many of its options they hold), mean over
            cells.
        by_chance: the share that as many trials drawn evenly at random span on average, the same for every numeric
            parameter; a parameter that matters spans less. None for a choice.
        chance_low, chance_high: what 95% of such draws span; None for a choice, or where there is nothing to span.
    """

    parameter: SearchedParameter
    share: float
    by_chance: float | None
    chance_low: float | None = None
    chance_high: float | None = None


@dataclass(frozen=True)
class Plateau:
    """The trials of one arm within one run standard deviation of the best of their cell.

    Attributes:
        arm: its name.
        objective: the validation metric that was searched on.
        num_cells: cells with a search.
        num_trials: trials over all cells.
        refusal: why there is nothing, as a sentence; empty if there is.
        run_deviation: of the objective on validation between seeds, in shown units.
        df: degrees of freedom of ``run_deviation``.
        num_within: trials as good as the best, over all cells.
        parameters: one entry per parameter; empty after a refusal.
    """

    arm: str
    objective: Metric
    num_cells: int
    num_trials: int
    refusal: str = ""
    run_deviation: float = 0.0
    df: int = 0
    num_within: int = 0
    parameters: tuple[ParameterPlateau, ...] = ()


def measure_plateau(history: SearchHistory, results: ResultsTable) -> Plateau:
    """How flat the optimum of one arm is, cell by cell, averaged over cells. Trials that were stopped early are left
    out: how good they would have become is not known, and the noise is that of whole trials."""
    losses = history.final_losses
    is_finished = np.isfinite(losses)
    num_trials = int(is_finished.sum())
    cells = sorted(set(history.place[is_finished].tolist()))
    head = (history.arm, history.objective, len(cells), num_trials)
    if not cells:
        stopped = " that was not stopped early" if history.has_value.any() else ""
        return Plateau(*head, refusal=f"no search trial{stopped} gave a value")
    runs = _confirm_values(history, results)
    deviation, counts = noise_unit(runs), np.isfinite(runs).sum(axis=0)
    if deviation is None:
        return Plateau(*head, refusal=NO_NOISE if (counts > 1).any() else NO_NOISE_LEVEL)
    within = np.zeros(losses.size, dtype=bool)
    for cell in cells:
        here = (history.place == cell) & is_finished
        within |= here & (losses <= losses[here].min() + deviation)
    plateaus = tuple(
        _parameter_plateau(parameter, [history.units[within & (history.place == cell), column] for cell in cells])
        for column, parameter in enumerate(history.parameters)
    )
    df = int((counts[counts > 0] - 1).sum())
    return Plateau(*head, "", deviation, df, int(within.sum()), plateaus)


def _confirm_values(history: SearchHistory, results: ResultsTable) -> FloatArray:
    """(S, C) the objective on validation of the arm's completed confirm runs."""
    values = np.full((len(results.seeds), len(results.cells)), np.nan)
    for place, run in results.runs_of(history.arm).items():
        if run.status == "completed":
            values[place] = run.valid.get(history.objective.name, np.nan) * history.objective.factor
    return np.where(np.isfinite(values), values, np.nan)


def _parameter_plateau(parameter: SearchedParameter, units_by_cell: Sequence[FloatArray]) -> ParameterPlateau:
    """units_by_cell: of the trials within, for each cell; NaN where the parameter had no effect."""
    present = [units[np.isfinite(units)] for units in units_by_cell]
    if not parameter.is_numeric:
        held = [np.unique(units).size / len(parameter.options) for units in present]
        return ParameterPlateau(parameter, float(np.mean(held)), None)
    spans = [float(np.ptp(units)) if units.size else 0.0 for units in present]
    chance = mean_span([units.size for units in present])
    return ParameterPlateau(
        parameter=parameter,
        share=float(np.mean(spans)),
        by_chance=chance.mean,
        chance_low=chance.low,
        chance_high=chance.high,
    )
