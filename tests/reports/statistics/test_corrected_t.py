"""The new-data interval over folds: Nadeau and Bengio's correction, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.corrected_t import corrected_mean


def test_corrected_interval_by_hand() -> None:
    # Mean 2.5, variance 5/3, SE = sqrt((1/4 + 1/4) 5/3) = 0.912871, t(0.975, 3) = 3.182446.
    estimate = corrected_mean(np.array([1.0, 2.0, 3.0, 4.0]), test_train_ratio=0.25)
    assert estimate is not None
    assert (estimate.value, estimate.n, estimate.df) == (2.5, 4, 3)
    assert estimate.half_width == pytest.approx(3.182446 * 0.912871, rel=1e-5)
    assert estimate.question == "new data"


def test_without_overlap_it_is_the_plain_t() -> None:
    values = np.array([0.2, -0.1, 0.4, 0.3, 0.25])
    estimate = corrected_mean(values, test_train_ratio=0.0)
    assert estimate is not None
    assert estimate.p_value == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)


def test_missing_cells_are_left_out_and_counted() -> None:
    full = corrected_mean(np.array([1.0, np.nan, 2.0, 4.0]), 0.5)
    assert full == corrected_mean(np.array([1.0, 2.0, 4.0]), 0.5)
    assert full is not None
    assert full.n == 3


@pytest.mark.parametrize(
    ("values", "ratio", "words"), [([1.0], 0.3, "one fold"), ([1.0, 2.0], np.nan, "sizes of the training parts")]
)
def test_undefined_intervals_say_why(values: list[float], ratio: float, words: str) -> None:
    estimate = corrected_mean(np.array(values), ratio)
    assert estimate is not None
    assert (estimate.low, estimate.p_value) == (None, None)
    assert words in estimate.note
    assert corrected_mean(np.array([np.nan]), ratio) is None
