"""What chance gives, against values worked out by hand and against draws."""

from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.chance import at_least, mean_span


def test_the_binomial_tail() -> None:
    # Of five, at least two of a chance of 1/20: 1 - 0.95^5 - 5 * 0.05 * 0.95^4.
    assert at_least(2, 5, 0.05) == pytest.approx(1 - 0.95**5 - 5 * 0.05 * 0.95**4)
    assert at_least(1, 1, 0.05) == pytest.approx(0.05)
    assert at_least(0, 4, 0.3) == pytest.approx(1.0)
    assert at_least(4, 4, 0.25) == pytest.approx(0.25**4)


def test_what_points_span_on_average_and_in_most_draws() -> None:
    one = mean_span([3])
    assert one.mean == pytest.approx(2 / 4)
    # The span of three even draws has the distribution function 3 x^2 - 2 x^3.
    assert one.low is not None
    assert one.high is not None
    for end, share in ((one.low, 0.025), (one.high, 0.975)):
        assert 3 * end**2 - 2 * end**3 == pytest.approx(share, abs=1e-6)
    several = mean_span([2, 3, 1, 2, 4])
    draws = np.random.default_rng(0)
    spans = np.mean([np.ptp(draws.random((20_000, k)), axis=1) for k in (2, 3, 1, 2, 4)], axis=0)
    assert several.mean == pytest.approx(spans.mean(), abs=0.005)
    assert [several.low, several.high] == pytest.approx(np.quantile(spans, [0.025, 0.975]), abs=0.01)


def test_single_points_span_nothing() -> None:
    assert mean_span([1, 0]) == mean_span([1, 1])
    assert (mean_span([1]).mean, mean_span([1]).low) == (0.0, None)
