"""Effects of several factors at once on a noisy outcome: least squares on a sum of smooth terms.

``y = group + sum_j s_j(x_j) + error``, each ``s_j`` a low polynomial or a step per option, one level per group (Box and
Wilson 1951, *On the Experimental Attainment of Optimum Conditions*; Box and Draper 2007, *Response Surfaces*). Fitting
all terms together keeps one factor from being credited with what a correlated one did. Bands are Working and Hotelling
1929 / Scheffé 1953: in words, with 95% confidence the whole true curve, within this model, lies in its band, and so
does every comparison of two of its points, also one picked after looking. They hold for normal errors of one variance
and for values of the factors that were not chosen by looking at the outcomes.

Legend: ``n`` observations, ``d`` columns of a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.distributions import f_quantile, f_upper
from reports.statistics.estimate import CONFIDENCE

_SEPARABLE = 1e-6
"""A term whose columns keep less than this share of their length beside the other terms cannot be told from them."""


@dataclass(frozen=True)
class TermFit:
    """One fitted term.

    Attributes:
        coefficients: (d,).
        covariance: (d, d) of the coefficients.
        p_value: F test of "no effect".
        df: degrees of freedom of the residuals.
    """

    coefficients: FloatArray
    covariance: FloatArray
    p_value: float
    df: int

    def difference(self, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The effect at ``first`` minus the effect at ``second``, with simultaneous 95% half-widths: (m,) each.

        first, second: (m, d) or (d,) rows of the term's columns.
        """
        between = np.atleast_2d(first - second)
        d = self.coefficients.size
        multiplier = np.sqrt(d * f_quantile(CONFIDENCE, d, self.df))
        variance = np.einsum("ij,jk,ik->i", between, self.covariance, between)
        return between @ self.coefficients, multiplier * np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True)
class AdditiveFit:
    """All terms of one fit.

    Attributes:
        terms: name -> its fit; None for a term that cannot be told apart from the others.
        df: degrees of freedom of the residuals.
        deviation: standard deviation of the residuals, in the unit of the outcome.
    """

    terms: Mapping[str, TermFit | None]
    df: int
    deviation: float


def fit_additive(outcome: FloatArray, group_of: IntArray, terms: Mapping[str, FloatArray]) -> AdditiveFit | None:
    """Fit all terms at once.

    Args:
        outcome: (n,).
        group_of: (n,) index of each observation's group.
        terms: name -> its columns (n, d).

    Returns:
        The fit; None where no residual degree of freedom is left to estimate the noise from.
    """
    groups = (group_of[:, None] == np.unique(group_of)[None, :]).astype(np.float64)
    design = np.hstack([groups, *terms.values()])
    coefficients, _, rank, _ = np.linalg.lstsq(design, outcome, rcond=_SEPARABLE)
    residuals = outcome - design @ coefficients
    df = outcome.size - int(rank)
    if df < 1:
        return None
    variance = float(residuals @ residuals) / df
    fits: dict[str, TermFit | None] = {}
    # With full rank every term is a block of one inverse; else each is looked at beside the others on its own.
    inverse = np.asarray(np.linalg.inv(design.T @ design), dtype=np.float64) if rank == design.shape[1] else None
    place = groups.shape[1]
    for name, columns in terms.items():
        own = slice(place, place + columns.shape[1])
        place = own.stop
        if inverse is not None:
            fits[name] = _term_fit(coefficients[own], variance * inverse[own, own], variance, df)
        else:
            others = np.hstack([groups, *(other for key, other in terms.items() if key != name)])
            fits[name] = _fit_beside(outcome, columns, others, variance, df)
    return AdditiveFit(fits, df, float(np.sqrt(variance)))


def _fit_beside(
    outcome: FloatArray, columns: FloatArray, others: FloatArray, variance: float, df: int
) -> TermFit | None:
    """A term from what others leave of its columns (Frisch and Waugh 1933, Lovell 1963); None if that is nothing."""
    own = columns - others @ np.linalg.lstsq(others, columns, rcond=1e-9)[0]
    kept = np.linalg.svd(own, compute_uv=False)
    length = np.linalg.norm(columns - columns.mean(axis=0))
    if kept.size < columns.shape[1] or kept[-1] <= _SEPARABLE * length:
        return None
    inverse = np.linalg.inv(own.T @ own)
    covariance = np.asarray(variance * inverse, dtype=np.float64)
    return _term_fit(inverse @ (own.T @ outcome), covariance, variance, df)


def _term_fit(coefficients: FloatArray, covariance: FloatArray, variance: float, df: int) -> TermFit:
    d = coefficients.size
    if variance <= 1e-24:
        p_value = 1.0 if np.allclose(coefficients, 0, atol=1e-12) else 0.0
    else:
        p_value = float(f_upper(coefficients @ np.linalg.solve(covariance, coefficients) / d, d, df))
    return TermFit(coefficients, covariance, p_value, df)
