"""The SD of the main table is what a reader takes it for: over seeds, each as it would be reported alone."""

from __future__ import annotations

import numpy as np
import pytest

from reports.sections.main_table.seed_spread import SeedSpread, seed_spread

NONE = float("nan")


def spread_of(*seeds: list[float]) -> SeedSpread:
    """seeds: the scores of each on every fold."""
    return seed_spread(np.array(seeds))


def test_under_folds_it_is_over_the_means_of_seeds() -> None:
    # Means 2, 3, 5.5 around 3.5: squares 2.25 + 0.25 + 4 = 6.5, over 2.
    found = spread_of([1, 3], [2, 4], [3, 8])
    assert found.num_seeds == 3
    assert found.deviation == pytest.approx(3.25**0.5)


def test_how_hard_folds_are_is_no_part_of_it() -> None:
    one, other = spread_of([1, 3], [2, 4], [3, 8]), spread_of([1, 93], [2, 94], [3, 98])
    assert other.deviation == pytest.approx(one.deviation)


def test_on_one_split_it_is_over_runs() -> None:
    assert spread_of([1], [2], [6]).deviation == pytest.approx(7**0.5)  # around 3: 4 + 1 + 9 = 14, over 2


def test_a_seed_without_all_its_folds_does_not_count() -> None:
    found = spread_of([1, 3], [2, NONE], [3, 8])
    assert found.num_seeds == 2
    assert found.deviation == pytest.approx(3.5 / 2**0.5)


def test_a_fold_that_no_seed_has_takes_nothing_away() -> None:
    assert spread_of([1, NONE], [2, NONE], [6, NONE]) == spread_of([1], [2], [6])


@pytest.mark.parametrize("seeds", [([0.7],), ([0.7, 0.8],), ([0.7, NONE], [NONE, 0.8]), ([NONE],)])
def test_one_seed_has_none(seeds: tuple[list[float], ...]) -> None:
    assert spread_of(*seeds).deviation is None


def test_equal_runs_have_none_left_by_rounding() -> None:
    third = [0.1 + 0.2, 0.7, 1 / 3]
    assert spread_of(third, third, [0.3, 0.7, 1 / 3]).deviation == 0.0
