"""Padding is found on either side and moved to the right without losing or inventing a step."""

import numpy as np
import pytest

from dmd.data.samples.arrays import FloatArray, IntArray
from dmd.data.tables.padding import locate_by_lengths, locate_by_mask, locate_by_zeros, move_to_right

LENGTHS: IntArray = np.array([1, 3, 4, 2], dtype=np.int64)
STEPS = 4


def padded(side: str, lengths: IntArray = LENGTHS) -> FloatArray:
    """(n, 4, 1): sample i holds 10 i + 1, 10 i + 2, ... in its real steps."""
    values = np.zeros((len(lengths), STEPS, 1), dtype=np.float32)
    for row, length in enumerate(lengths):
        start = STEPS - length if side == "left" else 0
        values[row, start : start + length, 0] = 10 * row + np.arange(1, length + 1)
    return values


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("knows_lengths", [True, False])
def test_either_side_gives_the_same_right_padded_sequences(side: str, knows_lengths: bool) -> None:
    values = padded(side)
    padding = locate_by_lengths(values, LENGTHS) if knows_lengths else locate_by_zeros(values)
    moved = move_to_right(values, padding)
    assert padding.side == side
    assert moved.lengths.tolist() == LENGTHS.tolist()
    assert np.array_equal(moved.values, padded("right"))


def test_full_sequences_have_no_padding() -> None:
    full = padded("left", np.full(3, STEPS))
    assert locate_by_zeros(full).side == "none"
    assert locate_by_lengths(full, np.full(3, STEPS)).side == "none"


def test_samples_padded_on_different_sides_are_each_moved() -> None:
    values = padded("left")
    values[1] = padded("right")[1]
    for padding in (locate_by_lengths(values, LENGTHS), locate_by_zeros(values)):
        assert padding.side == "mixed"
        assert np.array_equal(move_to_right(values, padding).values, padded("right"))


@pytest.mark.parametrize(("side", "silent"), [("left", 1), ("left", 3), ("right", 0), ("right", 2)])
def test_a_silent_real_step_counts_where_lengths_are_given(side: str, silent: int) -> None:
    values = padded(side)
    values[1, silent] = 0.0  # the first or the last of the three real steps of sample 1
    expected = [11.0, 12.0, 13.0, 0.0]
    expected[silent - 1 if side == "left" else silent] = 0.0
    padding = locate_by_lengths(values, LENGTHS)
    assert padding.side == side
    assert move_to_right(values, padding).values[1, :, 0].tolist() == expected


def test_without_lengths_a_rare_silence_at_the_other_end_stays_real() -> None:
    values = padded("left", np.array([3] * 30))
    values[7, 3] = 0.0  # the last, real step
    padding = locate_by_zeros(values)
    assert padding.side == "left"
    assert padding.lengths.tolist() == [3] * 30


def test_a_sample_of_zeros_keeps_one_step() -> None:
    values = padded("left")
    values[2] = 0.0
    assert locate_by_zeros(values).lengths[2] == 1


def test_padded_steps_that_are_not_zero_are_reported() -> None:
    values = padded("right")
    values[3, :, 0] = 1.0  # length 2 of 4, but all four steps are filled
    assert locate_by_lengths(values, LENGTHS).unsound.tolist() == [3]


def test_steps_beyond_the_token_mask_are_dropped() -> None:
    values = padded("right")
    values[0, :, 0] = [0.0, 5.0, 6.0, 7.0]
    moved = move_to_right(values, locate_by_mask(values, LENGTHS))
    assert moved.values[0, :, 0].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert np.array_equal(moved.values[1:], padded("right")[1:])


def test_left_padding_under_a_token_mask_is_seen() -> None:
    padding = locate_by_mask(padded("left"), LENGTHS)
    assert padding.side == "left"
    assert np.array_equal(move_to_right(padded("left"), padding).values, padded("right"))


def test_non_finite_values_are_real_steps() -> None:
    values = padded("right")
    values[0, 1, 0] = -np.inf
    assert locate_by_zeros(values).lengths.tolist() == [2, 3, 4, 2]
