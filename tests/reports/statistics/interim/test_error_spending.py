"""Boundaries of repeated looks: published values, and the error that they spend."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.interim.error_spending import boundary_p_values, nominal_levels, spent

RACE = (0.25, 0.4, 0.6, 0.8, 1.0)


def test_boundaries_of_five_equal_looks_are_the_published_ones() -> None:
    # Reboussin, DeMets, Kim and Lan 2000 (program ld98), two-sided 0.05, O'Brien-Fleming spending on each side.
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    levels = nominal_levels((0.2, 0.4, 0.6, 0.8, 1.0), 0.05)
    assert stats.norm.isf(levels / 2) == pytest.approx(published, abs=2e-4)


def test_one_look_at_the_end_is_the_plain_test() -> None:
    assert nominal_levels((1.0,), 0.03) == pytest.approx([0.03])


@pytest.mark.parametrize("fractions", [RACE, (0.1, 0.13, 0.9), (0.5, 1.0)])
def test_random_walks_cross_as_often_as_was_spent(fractions: tuple[float, ...]) -> None:
    num, level = 400_000, 0.05
    random = np.random.default_rng(3)
    steps = np.sqrt(np.diff(np.array([0.0, *fractions])))
    walks = np.cumsum(steps * random.standard_normal((num, len(fractions))), axis=1)
    p_values = 2 * stats.norm.sf(np.abs(walks) / np.sqrt(fractions))
    crossed = np.logical_or.accumulate(p_values <= nominal_levels(fractions, level), axis=1).mean(axis=0)
    for share, fraction in zip(crossed, fractions, strict=True):
        expected = float(spent(fraction, np.array(level)))
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected / num) + 1e-5)


def test_a_larger_level_asks_for_less_at_every_look() -> None:
    levels = boundary_p_values(RACE, np.geomspace(1e-9, 0.9, 40))
    assert (np.diff(levels, axis=0) > 0).all(), "Holm's correction of sequential p-values rests on it"


@pytest.mark.parametrize("fractions", [(), (0.0, 1.0), (0.5, 0.5), (0.8, 0.4), (0.5, 1.2)])
def test_looks_must_rise_to_the_end(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rising fractions"):
        nominal_levels(fractions, 0.05)
