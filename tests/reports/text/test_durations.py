"""Durations read as people say them, and never as more exact than they are."""

from __future__ import annotations

import pytest

from reports.text.durations import (
    duration_range_text,
    duration_text,
    estimated_duration_text,
    exact_duration_text,
    held_time_text,
    rough_duration_text,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (1e-5, "<1 ms"),
        (0.0342, "34 ms"),
        (0.524, "0.52 s"),
        (2.54, "2.5 s"),
        (9.96, "10 s"),
        (45.4, "45 s"),
        (59.7, "1 min"),
        (98.0, "1 min 40 s"),
        (598.0, "10 min"),
        (1008.0, "17 min"),
        (3580.0, "1 h"),
        (7510.0, "2 h 5 min"),
        (35_900.0, "10 h"),
        (95_000.0, "26 h"),
        (300_000.0, "3 d 11 h"),
        (900_000.0, "10 d"),
    ],
)
def test_what_was_measured_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_rounded_text_is_close_to_what_was_measured_at_every_size() -> None:
    units = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400}
    checked = 0
    for power in range(-15, 70):
        seconds = 1.25**power
        words = duration_text(seconds).split()
        read = sum(float(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
        assert read == pytest.approx(seconds, rel=0.06), words
        checked += 1
    assert checked == 85


def test_an_estimate_is_coarser_and_its_ends_share_their_unit() -> None:
    assert [rough_duration_text(s) for s in (0, 0.2, 12, 144, 1008, 7510)] == [
        "0 s", "1 s", "10 s", "2 min 30 s", "17 min", "2 h 5 min",
    ]  # fmt: skip
    assert duration_range_text(744.0, 1350.0) == "12 to 22 min"
    assert duration_range_text(45.0, 130.0) == "45 s to 2 min"
    assert duration_range_text(3600.0, 7510.0) == "1 h to 2 h 5 min"
    assert duration_range_text(59.0, 61.0) == "1 min"


def test_the_ends_of_an_estimate_are_left_out_where_they_say_the_same() -> None:
    assert estimated_duration_text(1008.0, 744.0, 1350.0) == "17 min (12 to 22 min)"
    assert estimated_duration_text(60.0, 59.0, 61.0) == "1 min"
    assert estimated_duration_text(90.0, 59.0, 61.0) == "1 min 30 s (1 min)"


def test_what_somebody_asked_for_stays_exact() -> None:
    assert [exact_duration_text(s) for s in (0.5, 5400, 5580, 18_000, 129_600, 86_405)] == [
        "0.5 s", "1 h 30 min", "1 h 33 min", "5 h", "1 d 12 h", "1 d 5 s",
    ]  # fmt: skip


def test_time_of_devices_is_in_minutes_below_an_hour_and_never_in_powers_of_ten() -> None:
    assert held_time_text(1008.0, 750.0, 1350.0, "core") == "about 17 core-minutes (12 to 22)"
    assert held_time_text(3600.0, 3600.0, 3600.0, "GPU") == "about 1 GPU-hour"
    assert held_time_text(7560.0, 4000.0, 14_800.0, "GPU") == "about 2.1 GPU-hours (1.1 to 4.1)"
    assert held_time_text(320 * 3600.0, 250 * 3600.0, 1412 * 3600.0, "GPU") == "about 320 GPU-hours (250 to 1,400)"
    assert held_time_text(20.0, 10.0, 30.0, "core") == "less than 1 core-minute"
