"""Numbers are rounded to their uncertainty."""

from __future__ import annotations

import pytest

from reports.text.rounding import compact, decimals_for, fixed, p_text


@pytest.mark.parametrize(
    ("half_width", "decimals"),
    [(0.012, 3), (0.0354, 3), (0.0356, 2), (0.096, 2), (0.94, 1), (1.7, 1), (3.1, 1), (5.0, 0), (27.0, 0), (1e-9, 4)],
)
def test_decimals_follow_the_half_width(half_width: float, decimals: int) -> None:
    assert decimals_for([half_width], default=7) == decimals


def test_the_finer_interval_decides_and_undefined_ones_do_not() -> None:
    assert decimals_for([None, 5.0, 0.012], default=7) == 3
    assert decimals_for([None, 0.0], default=7) == 7


def test_text_has_no_negative_zero_and_no_nan() -> None:
    assert fixed(-0.0004, 3) == "0.000"
    assert fixed(0.0126, 3, signed=True) == "+0.013"
    assert fixed(float("nan"), 2) == fixed(None, 2) == "–"  # noqa: RUF001


def test_p_is_never_zero() -> None:
    assert [p_text(p) for p in (0.0, 0.0123, 0.456, None)] == ["<0.001", "0.012", "0.46", "–"]  # noqa: RUF001


def test_values_are_short() -> None:
    assert [compact(value) for value in (0.123456, 3, True, "tpe")] == ["0.123", "3", "yes", "tpe"]
