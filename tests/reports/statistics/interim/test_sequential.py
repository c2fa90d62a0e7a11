"""Sequential p-values and repeated intervals mean what they say, whenever one stops."""

from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.estimate import t_estimate, undefined
from reports.statistics.interim.error_spending import nominal_levels
from reports.statistics.interim.sequential import allow_for_looks, sequential_p_value
from reports.statistics.rerun import SeedBlock, rerun_sum

FRACTIONS = (0.25, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize("level", [0.3, 0.05, 0.01, 1e-5])
@pytest.mark.parametrize("look", range(5))
def test_a_p_value_on_the_boundary_of_a_level_has_that_level(level: float, look: int) -> None:
    at_look = float(nominal_levels(FRACTIONS, level)[look])
    assert sequential_p_value([1.0] * look + [at_look], FRACTIONS[: look + 1]) == pytest.approx(level, rel=1e-4)


def test_without_earlier_looks_nothing_changes() -> None:
    assert sequential_p_value([0.037], [1.0]) == pytest.approx(0.037, rel=1e-4)
    estimate = t_estimate(0.2, 0.1, 9, 10, "rerun")
    adjusted = allow_for_looks(estimate, [estimate.p_value or 0], [1.0])
    assert (adjusted.low, adjusted.high) == (pytest.approx(estimate.low), pytest.approx(estimate.high))


def test_what_was_shown_early_stays_shown() -> None:
    early = sequential_p_value([1e-9], FRACTIONS[:1])
    assert early < 0.01
    assert sequential_p_value([1e-9, 0.9, 0.9], FRACTIONS[:3]) == early


def test_extremes_and_looks_without_a_test() -> None:
    assert sequential_p_value([0.0], FRACTIONS[:1]) == 0
    assert sequential_p_value([1.0], FRACTIONS[:1]) == pytest.approx(1)
    assert sequential_p_value([float("nan")], FRACTIONS[:1]) == 1
    nothing = undefined(0.3, 1, "rerun", "one run per fold")
    assert allow_for_looks(nothing, [], []) == nothing


def test_repeated_intervals_cover_under_the_most_tempting_stop() -> None:
    """Stop at the first look at which the plain interval excludes the truth: plain intervals fail, repeated do not."""
    looks, truth, num = (5, 8, 12, 16, 20), 0.5, 600
    random = np.random.default_rng(11)
    covered = {"plain": 0, "repeated": 0}
    for _ in range(num):
        runs = truth + random.standard_normal((20, 1))
        p_values = []
        for number, look in enumerate(looks):
            plain = rerun_sum([SeedBlock(runs[:look])])
            assert plain is not None
            p_values.append(plain.p_value or 0.0)
            if not (plain.low or 0) <= truth <= (plain.high or 0) or number == len(looks) - 1:
                break
        repeated = allow_for_looks(plain, p_values, [look / 20 for look in looks[: number + 1]])
        covered["plain"] += (plain.low or 0) <= truth <= (plain.high or 0)
        covered["repeated"] += (repeated.low or 0) <= truth <= (repeated.high or 0)
    assert covered["plain"] / num < 0.9
    assert covered["repeated"] / num > 0.95 - 3 * np.sqrt(0.05 * 0.95 / num)
