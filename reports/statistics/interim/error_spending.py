"""How small a p-value must be at each look of a test that is looked at more than once.

Lan and DeMets 1983, *Discrete Sequential Boundaries for Clinical Trials*, Biometrika 70, with the spending function
that approximates O'Brien and Fleming's boundaries, one for each side: by the fraction ``t`` of the planned runs each
side may have spent ``2 - 2 Phi(z / sqrt(t))``, where ``2 - 2 Phi(z)`` is half the level. Little is spent early, so a
study that goes to its end loses almost nothing. Looks need not be planned: a study that is cut short is looked at where
it stands. The probabilities follow the recursion of Armitage, McPherson and Rowe 1969 for a sum of independent normal
increments; a t statistic is compared through its p-value (Jennison and Turnbull 2000, *Group Sequential Methods*,
section 3.8).

Legend: ``L`` looks, ``G`` levels, ``Q`` nodes of the quadrature.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.distributions import normal_density, normal_upper, normal_upper_quantile

_NODES = 64
_BISECTIONS = 60
_FARTHEST = 40.0
"""No boundary lies farther out, in standard deviations: the normal tail beyond 38 is zero in double precision."""


def spent(fraction: float, level: FloatArray) -> FloatArray:
    """How much of ``level`` may be spent once ``fraction`` (above 0, at most 1) of the runs are in."""
    return np.asarray(4 * normal_upper(normal_upper_quantile(level / 4) / np.sqrt(fraction)))


def nominal_levels(fractions: Sequence[float], level: float) -> FloatArray:
    """(L,) the two-sided p-value that shows a difference at each look, so that in all ``level`` is spent.

    fractions: of the planned runs, rising, above 0 and at most 1.
    """
    return boundary_p_values(tuple(fractions), np.array([level])).ravel()


def boundary_p_values(fractions: tuple[float, ...], levels: FloatArray) -> FloatArray:
    """(G, L) :func:`nominal_levels` of many levels (each below 1)."""
    if not fractions or fractions[0] <= 0 or fractions[-1] > 1 or any(np.diff(fractions) <= 0):
        raise ValueError(f"looks must lie at rising fractions above 0 and at most 1, got {fractions}")
    boundaries = np.empty((levels.size, len(fractions)))
    used = np.zeros_like(levels)
    walk: _Walk | None = None
    for look, fraction in enumerate(fractions):
        budget = spent(fraction, levels)
        # A share that rounding makes negative is none.
        share = np.maximum(budget - used, 0.0)
        used = budget
        boundary = (
            normal_upper_quantile(share / 2) * np.sqrt(fraction) if walk is None else walk.boundary(fraction, share)
        )
        boundary = np.minimum(boundary, _FARTHEST * np.sqrt(fraction))
        boundaries[:, look] = 2 * normal_upper(boundary / np.sqrt(fraction))
        walk = _Walk.start(fraction, boundary) if walk is None else walk.carry_on(fraction, boundary)
    return boundaries


class _Walk:
    """The density of the sum over the studies that have crossed no boundary yet, at nodes inside the last one.

    nodes, weighted: (G, Q) places, and density times quadrature weight there.
    """

    def __init__(self, fraction: float, nodes: FloatArray, weighted: FloatArray) -> None:
        self.fraction = fraction
        self.nodes = nodes
        self.weighted = weighted

    @classmethod
    def start(cls, fraction: float, boundary: FloatArray) -> _Walk:
        nodes, weights = _nodes_within(boundary, fraction)
        return cls(fraction, nodes, weights * normal_density(nodes, np.sqrt(fraction)))

    def carry_on(self, fraction: float, boundary: FloatArray) -> _Walk:
        deviation = np.sqrt(fraction - self.fraction)
        nodes, weights = _nodes_within(boundary, fraction)
        steps = (nodes[:, :, None] - self.nodes[:, None, :]) / deviation
        density = (self.weighted[:, None, :] * np.exp(-0.5 * steps**2)).sum(axis=2) / (deviation * np.sqrt(2 * np.pi))
        return _Walk(fraction, nodes, weights * density)

    def boundary(self, fraction: float, share: FloatArray) -> FloatArray:
        """(G,) the place beyond which, on both sides together, lies the probability ``share``; by bisection."""
        deviation = np.sqrt(fraction - self.fraction)
        low, high = np.zeros_like(share), np.full_like(share, _FARTHEST)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            above = normal_upper((middle[:, None] - self.nodes) / deviation)
            below = normal_upper((middle[:, None] + self.nodes) / deviation)
            is_too_near = (self.weighted * (above + below)).sum(axis=1) > share
            low, high = np.where(is_too_near, middle, low), np.where(is_too_near, high, middle)
        return np.asarray((low + high) / 2)


def _nodes_within(boundary: FloatArray, fraction: float) -> tuple[FloatArray, FloatArray]:
    """(G, Q) Gauss-Legendre nodes and weights between the boundaries, cut where the density is nil."""
    places, weights = _legendre()
    half = np.minimum(boundary, 9 * np.sqrt(fraction))[:, None]
    return half * places, half * weights


@functools.cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    return places, weights
