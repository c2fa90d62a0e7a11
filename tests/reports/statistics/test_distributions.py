"""Every function against scipy.stats, in the middle and far out."""

import numpy as np
import pytest
from scipy import stats

from reports.statistics import distributions as d

TAILS = [1e-12, 1e-4, 0.025, 0.3, 0.5, 0.975]
FREEDOM = [1.0, 2.0, 7.5, 300.0, 1e6]


@pytest.mark.parametrize("df", FREEDOM)
def test_student(df: float) -> None:
    x = np.array([-3.0, 0.0, 0.4, 5.0, 40.0])
    np.testing.assert_allclose(d.t_upper(x, df), stats.t.sf(x, df), rtol=1e-9)
    np.testing.assert_allclose(d.t_quantile(TAILS, df), stats.t.ppf(TAILS, df), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(d.t_upper_quantile(TAILS, df), stats.t.isf(TAILS, df), rtol=1e-9, atol=1e-12)


def test_infinite_degrees_of_freedom_and_ends_of_the_range() -> None:
    assert d.t_quantile(0.975, np.inf) == pytest.approx(1.959963984540054)
    np.testing.assert_array_equal(d.t_quantile([0.0, 1.0], 4), [-np.inf, np.inf])
    np.testing.assert_array_equal(d.t_upper_quantile([0.0, 1.0], 4), [np.inf, -np.inf])
    np.testing.assert_array_equal(d.normal_upper_quantile(np.array([0.0, 1.0])), [np.inf, -np.inf])


def test_normal() -> None:
    x = np.array([-4.0, 0.0, 1.0, 30.0])
    np.testing.assert_allclose(d.normal_upper(x), stats.norm.sf(x), rtol=1e-12)
    np.testing.assert_allclose(d.normal_density(x, 2.5), stats.norm.pdf(x, scale=2.5), rtol=1e-12)
    np.testing.assert_allclose(d.normal_upper_quantile(np.array(TAILS)), stats.norm.isf(TAILS), rtol=1e-12)


def test_fisher_beta_and_poisson() -> None:
    np.testing.assert_allclose(d.f_upper(2.5, 3, 11), stats.f.sf(2.5, 3, 11), rtol=1e-12)
    np.testing.assert_allclose(d.f_quantile(0.95, 3, 11), stats.f.ppf(0.95, 3, 11), rtol=1e-9)
    np.testing.assert_allclose(d.beta_quantile(TAILS, 3, 9), stats.beta.ppf(TAILS, 3, 9), rtol=1e-9)
    np.testing.assert_allclose(d.beta_upper_quantile(TAILS, 3, 9), stats.beta.isf(TAILS, 3, 9), rtol=1e-9)
    counts = np.array([0, 1, 7, 200])
    np.testing.assert_allclose(d.poisson_mass(counts, 6.5), stats.poisson.pmf(counts, 6.5), rtol=1e-9)
    np.testing.assert_array_equal(d.poisson_mass(np.array([0, 2]), 0.0), [1.0, 0.0])
