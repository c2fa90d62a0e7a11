"""The rule of a race: error under control, hopeless contrasts given up, clear ones shown early."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.racing import EFFECTS, race, run_all, simulate
from reports.statistics.interim.racing import (
    InterimLook,
    RaceRule,
    RaceState,
    conditional_power,
    interim_analysis,
    reject_by_holm,
)
from reports.statistics.multiplicity import holm

RULE = RaceRule((5, 8, 12, 16, 20), smallest_effect=1.0)


def look(*rows: tuple[float, float, float]) -> InterimLook:
    """Rows of (p, difference, standard error), one per contrast."""
    return InterimLook(*np.array(rows, dtype=np.float64).T)


def test_simulated_races_keep_their_promises() -> None:
    differences = simulate(EFFECTS, 2000, seed=5)
    raced, whole = race(differences), run_all(differences)
    assert raced.familywise_error(EFFECTS) <= 0.055
    assert raced.power(EFFECTS) >= 0.95 * whole.power(EFFECTS)
    assert raced.num_trials.mean() <= 0.8 * whole.num_trials.mean()


def test_the_error_is_kept_where_every_effect_is_zero() -> None:
    assert race(simulate(np.zeros(5), 4000, seed=6)).is_shown.any(axis=1).mean() <= 0.05 + 3 * np.sqrt(0.05 / 4000)


def test_holm_on_arrays_is_holm() -> None:
    p_values = np.random.default_rng(0).beta(0.3, 3, (200, 4))
    expected = [[(p or 0) <= 0.05 for p in holm(row)] for row in p_values.tolist()]
    rejected = reject_by_holm(p_values, 0.05)
    assert rejected.tolist() == expected
    assert 0 < rejected.mean() < 1


def test_a_clear_difference_is_shown_at_once_and_a_nil_one_given_up() -> None:
    seen = look((1e-12, 2.0, 0.05), (0.9, 0.01, 0.1), (0.05, 1.0, 0.4))
    after = interim_analysis(RULE, RaceState.at_start(3), 0, seen)
    assert after.is_shown.tolist() == [True, False, False]
    assert after.is_racing.tolist() == [False, True, True], "0.01 with error 0.1 may still become 1"
    tight = look((np.nan, np.nan, np.nan), (0.9, 0.01, 0.6), (0.05, 1.0, 0.4))
    after = interim_analysis(RULE, after, 2, tight)
    assert after.is_racing.tolist() == [False, False, True]
    assert after.is_shown.tolist() == [True, False, False], "what was shown stays shown without being looked at"


def test_the_share_of_a_shown_contrast_goes_to_the_others() -> None:
    level = 0.05 / 2
    alone = look((1.0, 0.0, 1.0), (level * 0.9, 1.0, 0.3))
    together = look((1e-9, 9.0, 1.0), (level * 1.9, 1.0, 0.3))
    last = RaceRule((20,), 1.0)
    assert interim_analysis(last, RaceState.at_start(2), 0, alone).is_shown.tolist() == [False, True]
    assert interim_analysis(last, RaceState.at_start(2), 0, together).is_shown.tolist() == [True, True]


def test_the_last_look_ends_the_race_and_untestable_contrasts_wait_for_it() -> None:
    unknown = look((np.nan, np.nan, np.nan))
    state = interim_analysis(RULE, RaceState.at_start(1), 0, unknown)
    assert state.is_racing.all()
    assert not interim_analysis(RULE, state, 4, unknown).is_racing.any()


def test_runs_that_do_not_vary_decide_at_once() -> None:
    after = interim_analysis(RULE, RaceState.at_start(2), 0, look((1.0, 0.0, 0.0), (0.0, 0.5, 0.0)))
    assert after.is_shown.tolist() == [False, True]
    assert not after.is_racing.any()


@pytest.mark.parametrize(("number", "seen", "error"), [(1, 0.4, 0.5), (2, 0.9, 0.4), (3, 1.5, 0.6)])
def test_conditional_power_is_the_share_of_continuations_that_succeed(number: int, seen: float, error: float) -> None:
    fraction, level, num = RULE.fractions[number], 0.02, 200_000
    power = conditional_power(RULE, number, look((2 * stats.norm.sf(seen / error), seen, error)), np.array([level]))
    # The runs to come: their mean has the variance of the runs so far, shrunk by their number.
    rest = np.random.default_rng(1).normal(max(seen, 1.0), error * np.sqrt(fraction / (1 - fraction)), num)
    final = (fraction * seen + (1 - fraction) * rest) / (error * np.sqrt(fraction))
    from reports.statistics.interim.error_spending import nominal_levels

    needed = stats.norm.isf(nominal_levels(RULE.fractions, level)[-1] / 2)
    assert float(power[0]) == pytest.approx(float((final > needed).mean()), abs=0.005)
