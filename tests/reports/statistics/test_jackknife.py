"""The new-data interval on an official split: delete one test group at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.jackknife import deleted_scores, jackknife_estimate
from reports.statistics.scores.numbers import NUMBER_SCORES


def test_groups_of_one_item_give_the_t_interval_of_the_mean() -> None:
    labels, values = np.zeros(6), np.array([0.1, -0.4, 0.3, 0.9, -0.2, 0.5])
    value, deleted = deleted_scores(labels, values, np.arange(6), 6, NUMBER_SCORES["mae"])
    estimate = jackknife_estimate(value, deleted)
    interval = stats.ttest_1samp(np.abs(values), 0.0).confidence_interval(0.95)
    assert estimate.value == pytest.approx(0.4)
    assert (estimate.low, estimate.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (estimate.n, estimate.df) == (6, 5)


@pytest.mark.parametrize("metric", sorted(NUMBER_SCORES))
def test_each_replicate_is_the_score_without_that_group(metric: str) -> None:
    random = np.random.default_rng(3)
    labels = np.round(random.normal(0, 1.5, 40), 1)
    values, group_of = labels + random.normal(0, 1.0, 40), random.integers(0, 5, 40)
    _, deleted = deleted_scores(labels, values, group_of, 5, NUMBER_SCORES[metric])
    for group in range(5):
        kept = group_of != group
        whole, _ = deleted_scores(labels[kept], values[kept], group_of[kept], 5, NUMBER_SCORES[metric])
        assert deleted[group] == pytest.approx(whole)


def test_items_of_one_video_do_not_count_as_independent() -> None:
    random = np.random.default_rng(5)
    offsets = np.repeat(random.normal(1.0, 0.3, 12), 10)
    labels, group_of = np.zeros(120), np.repeat(np.arange(12), 10)
    by_video = jackknife_estimate(*deleted_scores(labels, offsets, group_of, 12, NUMBER_SCORES["mae"]))
    by_item = jackknife_estimate(*deleted_scores(labels, offsets, np.arange(120), 120, NUMBER_SCORES["mae"]))
    assert by_video.half_width is not None
    assert by_item.half_width is not None
    assert by_video.half_width > 3 * by_item.half_width


def test_one_group_or_an_undefined_score_has_no_interval() -> None:
    assert "one test group" in jackknife_estimate(0.5, np.array([0.4])).note
    assert "undefined without one" in jackknife_estimate(0.5, np.array([0.4, np.nan])).note
