"""Scores of several numbers: the first has the metrics of one number, each other its error and correlation."""

from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.scores.find import scores_of
from reports.statistics.scores.numbers import NUMBER_SCORES


def test_each_score_is_that_of_its_column() -> None:
    random = np.random.default_rng(5)
    labels = np.round(random.uniform(-1, 1, (40, 3)), 1)
    values = labels + random.normal(0, 0.4, (2, 40, 3))
    scores = scores_of("several", ("whole", "text", "audio"))
    assert set(scores) == {*NUMBER_SCORES, "mae_text", "corr_text", "mae_audio", "corr_audio"}
    for name, form in scores.items():
        metric, _, column = name.partition("_") if name not in NUMBER_SCORES else (name, "", "whole")
        place = ("whole", "text", "audio").index(column)
        alone = NUMBER_SCORES[metric]
        found = form.from_sums(form.contributions(labels, values).sum(axis=-2))
        expected = alone.from_sums(alone.contributions(labels[:, place], values[..., place]).sum(axis=-2))
        np.testing.assert_array_equal(found, expected)
        has_count = form.num_counted is not None
        assert has_count == (alone.num_counted is not None)
    assert scores["corr_audio"].from_sums(
        scores["corr_audio"].contributions(labels, values).sum(axis=-2)
    ) == pytest.approx([np.corrcoef(labels[:, 2], run[:, 2])[0, 1] for run in values])
