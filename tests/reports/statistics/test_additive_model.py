"""Several effects at once: hand-computed values, exact error rates, and terms that cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.additive_model import fit_additive

ONE_GROUP = np.zeros(4, dtype=np.int64)


def test_a_straight_line_by_hand() -> None:
    # x = -1, 0, 0, 1 and y = 1, 2, 4, 5: slope 2, residuals 0, -1, 1, 0, variance 2 / (4 - 2) = 1, var(slope) 1 / 2.
    x, y = np.array([[-1.0], [0.0], [0.0], [1.0]]), np.array([1.0, 2.0, 4.0, 5.0])
    fit = fit_additive(y, ONE_GROUP, {"x": x})
    assert fit is not None
    term = fit.terms["x"]
    assert term is not None
    assert (fit.df, fit.deviation) == (2, pytest.approx(1.0))
    assert term.coefficients == pytest.approx([2.0])
    assert term.covariance == pytest.approx(np.array([[0.5]]))
    assert term.p_value == pytest.approx(2 * stats.t.sf(2 / np.sqrt(0.5), 2))
    value, width = term.difference(np.array([[1.0]]), np.array([-1.0]))
    assert value == pytest.approx([4.0])
    assert width == pytest.approx([stats.t.ppf(0.975, 2) * 2 * np.sqrt(0.5)])


def test_groups_take_their_level_with_them() -> None:
    random = np.random.default_rng(0)
    x, group = random.random((30, 1)), np.arange(30) % 3
    y = 2 * x[:, 0] + 0.01 * random.standard_normal(30)
    moved = y + np.array([0.0, 5.0, -7.0])[group]
    one, other = (fit_additive(values, group, {"x": x}) for values in (y, moved))
    assert one is not None and other is not None
    assert one.terms["x"] is not None and other.terms["x"] is not None
    assert other.terms["x"].coefficients == pytest.approx(one.terms["x"].coefficients)


def test_a_factor_is_not_credited_with_what_a_correlated_one_did() -> None:
    random = np.random.default_rng(1)
    x = random.random(400)
    z = x + 0.3 * random.random(400)
    y = x + 0.05 * random.standard_normal(400)
    fit = fit_additive(y, np.zeros(400, dtype=np.int64), {"x": x[:, None], "z": z[:, None]})
    assert fit is not None and fit.terms["z"] is not None
    alone = float(np.polyfit(z, y, 1)[0])
    assert alone > 0.8
    assert fit.terms["z"].coefficients == pytest.approx([0.0], abs=0.12)


def test_one_inverse_and_term_by_term_agree() -> None:
    random = np.random.default_rng(5)
    x, z, group = random.random((40, 2)), random.random((40, 1)), np.arange(40) % 3
    y = random.standard_normal(40) + x[:, 0]
    whole = fit_additive(y, group, {"x": x, "z": z})
    # A term of nothing but zeros takes the rank away and changes no other term.
    deficient = fit_additive(y, group, {"x": x, "z": z, "nothing": np.zeros((40, 1))})
    assert whole is not None and deficient is not None
    assert deficient.terms["nothing"] is None and deficient.df == whole.df
    for name in ("x", "z"):
        one, other = whole.terms[name], deficient.terms[name]
        assert one is not None and other is not None
        assert other.coefficients == pytest.approx(one.coefficients)
        assert other.covariance == pytest.approx(one.covariance)
        assert other.p_value == pytest.approx(one.p_value)


def test_terms_that_move_together_are_refused_and_the_others_are_not() -> None:
    random = np.random.default_rng(2)
    x, z = random.random((20, 1)), random.random((20, 1))
    fit = fit_additive(random.random(20), np.zeros(20, dtype=np.int64), {"x": x, "twice": 2 * x + 1, "z": z})
    assert fit is not None
    assert fit.terms["x"] is None and fit.terms["twice"] is None
    assert fit.terms["z"] is not None
    assert fit.df == 20 - 3


def test_nothing_is_left_for_the_noise() -> None:
    assert fit_additive(np.array([1.0, 2.0]), np.zeros(2, dtype=np.int64), {"x": np.array([[0.0], [1.0]])}) is None


def test_outcomes_without_noise_and_without_effect() -> None:
    x = np.linspace(-1, 1, 6)[:, None]
    flat, line = (fit_additive(y, np.zeros(6, dtype=np.int64), {"x": x}) for y in (np.ones(6), 3 * x[:, 0]))
    assert flat is not None and flat.terms["x"] is not None and flat.terms["x"].p_value == 1.0
    assert line is not None and line.terms["x"] is not None and line.terms["x"].p_value < 1e-12


def test_bands_hold_the_whole_curve_and_flat_terms_are_called_uneven_at_the_nominal_rate() -> None:
    random = np.random.default_rng(3)
    grid = np.polynomial.legendre.legvander(np.linspace(-1, 1, 21), 2)[:, 1:]
    truth = np.array([0.5, -0.4])
    held, rejected = 0, 0
    for _ in range(600):
        x = random.uniform(-1, 1, (40, 2))
        bases = [np.polynomial.legendre.legvander(x[:, j], 2)[:, 1:] for j in range(2)]
        group = np.arange(40) % 4
        y = bases[0] @ truth + np.array([0.0, 1.0, 2.0, 3.0])[group] + random.standard_normal(40)
        fit = fit_additive(y, group, {"real": bases[0], "flat": bases[1]})
        assert fit is not None and fit.terms["real"] is not None and fit.terms["flat"] is not None
        value, width = fit.terms["real"].difference(grid, np.zeros(2))
        held += bool((np.abs(value - grid @ truth) <= width).all())
        rejected += fit.terms["flat"].p_value <= 0.05
    # 95% of 600 is 570 with a standard error of 5.3; the band is exact for all contrasts, slightly wide for a curve.
    assert held >= 570 - 16
    assert 30 - 16 <= rejected <= 30 + 16
