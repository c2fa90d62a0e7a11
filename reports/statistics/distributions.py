"""Tails and quantiles of the distributions that statistics here need, from ``scipy.special``.

``scipy.stats`` gives the same numbers through an interface that takes more than a second to import, longer than many a
report takes to write; tests hold each function here to it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from reports.statistics.arrays import FloatArray

Values = float | npt.NDArray[np.float64] | npt.NDArray[np.int64]


def normal_density(x: Values, deviation: Values = 1.0) -> FloatArray:
    """Density at ``x`` of a normal variable with mean 0 and standard ``deviation``."""
    return np.asarray(np.exp(-0.5 * np.square(x / deviation)) / (deviation * np.sqrt(2 * np.pi)))


def normal_upper(x: Values) -> FloatArray:
    """P(Z > x) of a standard normal variable."""
    return np.asarray(special.ndtr(-np.asarray(x)))


def normal_upper_quantile(p: Values) -> FloatArray:
    """The ``x`` with P(Z > x) = p."""
    return np.asarray(-special.ndtri(p))


def t_upper(x: Values, df: Values) -> FloatArray:
    """P(T > x) of Student's t with ``df`` degrees of freedom, which may be infinite."""
    return np.asarray(special.stdtr(df, -np.asarray(x)))


def t_quantile(p: Values, df: Values) -> FloatArray:
    """The ``x`` with P(T <= x) = p."""
    # At 0 the function of scipy.special answers as at 1.
    return np.where(np.asarray(p) == 0, -np.inf, special.stdtrit(df, p))


def t_upper_quantile(p: Values, df: Values) -> FloatArray:
    """The ``x`` with P(T > x) = p."""
    return -t_quantile(p, df)


def f_upper(x: Values, numerator_df: Values, denominator_df: Values) -> FloatArray:
    """P(F > x) of Fisher's F."""
    return np.asarray(special.fdtrc(numerator_df, denominator_df, x))


def f_quantile(p: Values, numerator_df: Values, denominator_df: Values) -> FloatArray:
    """The ``x`` with P(F <= x) = p."""
    return np.asarray(special.fdtri(numerator_df, denominator_df, p))


def beta_quantile(p: Values, a: Values, b: Values) -> FloatArray:
    """The ``x`` with P(B <= x) = p of a Beta(a, b) variable."""
    return np.asarray(special.betaincinv(a, b, p))


def beta_upper_quantile(p: Values, a: Values, b: Values) -> FloatArray:
    """The ``x`` with P(B > x) = p."""
    return np.asarray(special.betainccinv(a, b, p))


def poisson_mass(k: Values, mean: Values) -> FloatArray:
    """P(N = k) of a Poisson variable."""
    return np.asarray(np.exp(special.xlogy(k, mean) - special.gammaln(np.asarray(k) + 1.0) - mean))
