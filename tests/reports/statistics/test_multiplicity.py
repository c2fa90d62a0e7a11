"""Holm's correction and the claim that needs two things shown."""

from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.multiplicity import holm, intersection_union


def test_holm_by_hand() -> None:
    # Sorted 0.005 0.01 0.03 0.04 times 4 3 2 1 is 0.02 0.03 0.06 0.04, made monotone: 0.02 0.03 0.06 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_an_untestable_contrast_still_counts_in_the_family() -> None:
    assert holm([0.02, None]) == (pytest.approx(0.04), None)
    assert holm([]) == ()


def test_corrected_p_never_exceeds_one() -> None:
    assert holm([0.9, 0.8]) == (1.0, 1.0)


def test_familywise_error_under_the_null_is_at_most_five_per_cent() -> None:
    random = np.random.default_rng(11)
    num_studies = 4000
    errors = sum(min(holm(list(random.uniform(size=6)))) <= 0.05 for _ in range(num_studies))
    assert errors / num_studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / num_studies)


def test_both_is_as_strong_as_the_weaker() -> None:
    assert intersection_union(0.001, 0.2) == 0.2
    assert intersection_union(0.001, None) is None
