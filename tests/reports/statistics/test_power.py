"""The smallest detectable difference is detected as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.power import level_in_use, smallest_detectable


def test_a_textbook_value() -> None:
    # One-sample t, two-sided 5%: 34 observations find d = 0.5 with power 0.8078 (G*Power 3.1).
    assert smallest_detectable(1 / np.sqrt(34), 33, 0.05, power=0.8078) == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(("n", "level"), [(3, 0.05), (6, 0.05 / 7), (40, 0.01)])
def test_four_studies_in_five_show_it(n: int, level: float) -> None:
    difference = smallest_detectable(1 / np.sqrt(n), n - 1, level)
    draws = np.random.default_rng(11).normal(difference, 1.0, (20000, n))
    result = stats.ttest_1samp(draws, 0.0, axis=1)
    shown = (result.pvalue <= level) & (draws.mean(axis=1) > 0)
    assert shown.mean() == pytest.approx(0.8, abs=0.012)


def test_an_interval_tells_the_level_it_stands_for() -> None:
    half_width = 0.3 * stats.t.isf(0.01 / 2, 7)
    assert level_in_use(float(half_width), 0.3, 7) == pytest.approx(0.01)
