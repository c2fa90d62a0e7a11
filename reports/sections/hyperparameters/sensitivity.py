"""How the objective moves with each searched parameter, the others allowed for: curves with their uncertainty.

The search trials of an arm are an experiment: :mod:`reports.statistics.additive_model` fits a smooth trend per
parameter and a level per fold to them. What the fit cannot see: interactions (averaged over), and whatever is not
smooth. Under an adaptive searcher the trials were chosen by looking at the outcomes, so the bands are a lead, not an
estimate; random search is what they are made for.

Legend: ``n`` trials, ``m`` points of a curve, ``d`` columns of a term.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.results.metrics import Metric
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.additive_model import TermFit, fit_additive
from reports.statistics.arrays import BoolArray, FloatArray
from reports.statistics.multiplicity import holm
from reports.text.rounding import count

NUM_POINTS = 21
TRIALS_PER_COEFFICIENT = {3: 4, 2: 2, 1: 2}
"""Degree of the trends, tried in this order -> how many trials there must be per coefficient."""
MIN_RESIDUAL_DF = 8

TREND_NAMES = {1: "straight", 2: "quadratic", 3: "cubic"}


@dataclass(frozen=True)
class EffectCurve:
    """The effect of one parameter on the objective, against the arm's average trial, in shown units.

    Attributes:
        parameter: with its searched range.
        units: (m,) coordinates: evenly spaced for a numeric parameter, the indices of the options that were tried for a
            choice.
        effect: (m,).
        half_width: (m,) of the 95% band, simultaneous over the curve.
        p_flat: of "this parameter has no effect".
        p_holm: the same, corrected over the parameters of the arm.
        best: index of the best point.
        span, span_width: how much better the best point is than the worst, with the half-width of its 95% interval,
            simultaneous over the curve.
        may_be_best: (m,) the points not shown worse than the best one; with 95% confidence the truly best point is
            among them.
        num_trials: (m,) for a choice the trials with that option, else all ``n`` trials in which the parameter had an
            effect.
    """

    parameter: SearchedParameter
    units: FloatArray
    effect: FloatArray
    half_width: FloatArray
    p_flat: float
    p_holm: float
    best: int
    may_be_best: BoolArray
    num_trials: tuple[int, ...]
    span: float = 0.0
    span_width: float = 0.0

    @property
    def may_reach(self) -> float:
        """The largest difference between two values of the parameter that these trials do not exclude."""
        return self.span + self.span_width


@dataclass(frozen=True)
class Sensitivity:
    """The curves of one arm.

    Attributes:
        arm: its name.
        objective: the validation metric that was searched on.
        num_trials, num_pruned: search trials with a value; those of them that were stopped early.
        num_cells: cells with a search.
        refusal: why there are no curves, as a sentence; empty if there are.
        degree: of the trends of numeric parameters.
        df: degrees of freedom of the residuals.
        deviation: standard deviation of the residuals, in shown units.
        curves: one per parameter that can be judged.
        inseparable: parameters whose values moved together with others', so that nothing can be said of them alone.
    """

    arm: str
    objective: Metric
    num_trials: int
    num_pruned: int
    num_cells: int
    refusal: str = ""
    degree: int = 0
    df: int = 0
    deviation: float = 0.0
    curves: tuple[EffectCurve, ...] = ()
    inseparable: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Basis:
    """A parameter as columns of the model.

    columns: (n, d), centred over the trials in which the parameter had an effect and zero in the others. points:
    (m, d), the same columns along the curve. units, num_trials: as in :class:`EffectCurve`.
    """

    parameter: SearchedParameter
    columns: FloatArray
    units: FloatArray
    points: FloatArray
    num_trials: tuple[int, ...]

    @classmethod
    def of(cls, parameter: SearchedParameter, units: FloatArray, degree: int) -> _Basis:
        """units: (n,), NaN where the parameter had no effect. At least two distinct values."""
        active = np.isfinite(units)
        levels = np.unique(units[active])
        if parameter.is_numeric:
            grid = _grid_of(parameter)
            degree = min(degree, levels.size - 1)
            raw, points = _legendre(units, degree), _legendre(grid, degree)
            num_trials: tuple[int, ...] = (int(active.sum()),) * grid.size
        else:
            grid = levels
            raw = (units[:, None] == levels[None, 1:]).astype(np.float64)
            points = (grid[:, None] == levels[None, 1:]).astype(np.float64)
            num_trials = tuple(int((units == level).sum()) for level in levels)
        centre = raw[active].mean(axis=0)
        return cls(
            parameter=parameter,
            columns=np.where(active[:, None], raw - centre, 0.0),
            units=grid,
            points=points - centre,
            num_trials=num_trials,
        )


def _grid_of(parameter: SearchedParameter) -> FloatArray:
    grid = np.linspace(0.0, 1.0, NUM_POINTS)
    if parameter.kind == "int":
        return np.unique([parameter.to_unit(parameter.from_unit(unit)) for unit in grid])
    return grid


def _legendre(units: FloatArray, degree: int) -> FloatArray:
    """(n, degree) Legendre polynomials 1 to ``degree`` on the searched range: nearly uncorrelated for even draws."""
    return np.asarray(np.polynomial.legendre.legvander(2 * units - 1, degree)[:, 1:], dtype=np.float64)


def measure_sensitivity(history: SearchHistory) -> Sensitivity:
    """The curves of one arm over all its folds, or the reason why there are none."""
    kept = history.has_value
    units, place, values = history.units[kept], history.place[kept], history.values[kept]
    pruned = sum(status == "pruned" for status, has in zip(history.statuses, kept, strict=True) if has)
    num_trials, num_cells = int(kept.sum()), int(np.unique(place).size)
    head = (history.arm, history.objective, num_trials, pruned, num_cells)
    varied = [
        (parameter, column)
        for parameter, column in zip(history.parameters, units.T, strict=True)
        if np.unique(column[np.isfinite(column)]).size > 1
    ]
    if not varied:
        return Sensitivity(*head, refusal="no searched parameter took two values in trials that gave one")
    for degree, per_coefficient in TRIALS_PER_COEFFICIENT.items():
        bases = {parameter.name: _Basis.of(parameter, column, degree) for parameter, column in varied}
        num_coefficients = num_cells + sum(basis.columns.shape[1] for basis in bases.values())
        needed = max(per_coefficient * num_coefficients, num_coefficients + MIN_RESIDUAL_DF)
        if num_trials >= needed:
            break
    else:
        subject = f"{count(num_trials, 'trial')} with a value for {count(len(varied), 'parameter')}"
        return Sensitivity(*head, refusal=f"{subject}: even straight trends take {needed}")
    fit = fit_additive(values, place, {name: basis.columns for name, basis in bases.items()})
    assert fit is not None, "the rule on trials per coefficient leaves degrees of freedom"
    sign = history.objective.loss_sign
    terms = {name: term for name, term in fit.terms.items() if term is not None}
    corrected = holm([term.p_value for term in terms.values()])
    curves = tuple(
        _curve(bases[name], term, p or 0.0, sign) for (name, term), p in zip(terms.items(), corrected, strict=True)
    )
    inseparable = tuple(name for name, term in fit.terms.items() if term is None)
    return Sensitivity(*head, "", degree, fit.df, fit.deviation, curves, inseparable)


def _curve(basis: _Basis, term: TermFit, p_holm: float, sign: float) -> EffectCurve:
    """sign: -1 where a higher objective is better."""
    effect, half_width = term.difference(basis.points, np.zeros(basis.points.shape[1]))
    best = int(np.argmin(sign * effect))
    lag, lag_width = term.difference(basis.points, basis.points[best])
    may_be_best = sign * lag <= lag_width
    worst = int(np.argmax(sign * lag))
    return EffectCurve(
        parameter=basis.parameter,
        units=basis.units,
        effect=effect,
        half_width=half_width,
        p_flat=term.p_value,
        p_holm=p_holm,
        best=best,
        may_be_best=may_be_best,
        num_trials=basis.num_trials,
        span=float(abs(lag[worst])),
        span_width=float(lag_width[worst]),
    )
