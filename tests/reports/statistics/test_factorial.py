"""Effects of a factorial: the textbook's contrasts, by hand."""

from __future__ import annotations

import itertools

import pytest

from reports.statistics.factorial import CombinationWeights, all_combinations, interaction, level_mean, main_effect

COMPONENTS = ("a", "b", "c")


def worth(on: frozenset[str]) -> float:
    """1 for a, 2 for b, and 4 more for both; c does nothing."""
    return 1.0 * ("a" in on) + 2.0 * ("b" in on) + 4.0 * ({"a", "b"} <= on)


def total(weights: CombinationWeights) -> float:
    return sum(weight * worth(on) for on, weight in weights.items())


def test_a_square_by_hand() -> None:
    both, a, b, none = (frozenset(on) for on in ("ab", "a", "b", ""))
    assert main_effect(("a", "b"), "a") == {both: 0.5, a: 0.5, b: -0.5, none: -0.5}
    assert interaction(("a", "b"), "a", "b") == {both: 1.0, a: -1.0, b: -1.0, none: 1.0}


def test_planted_effects_come_out() -> None:
    # b is there half the time, so a is worth 1 + 4 / 2 on average; with b rather than without it is worth 4 more.
    assert [total(main_effect(COMPONENTS, name)) for name in COMPONENTS] == [3.0, 4.0, 0.0]
    assert [total(interaction(COMPONENTS, *pair)) for pair in itertools.combinations(COMPONENTS, 2)] == [4.0, 0.0, 0.0]


def test_an_interaction_is_the_slope_of_one_line_minus_the_slope_of_the_other() -> None:
    levels = {(x, y): total(level_mean(COMPONENTS, {"a": x, "b": y})) for x in (False, True) for y in (False, True)}
    slopes = [levels[True, with_b] - levels[False, with_b] for with_b in (True, False)]
    assert slopes[0] - slopes[1] == total(interaction(COMPONENTS, "a", "b"))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_there_are_two_to_the_k_combinations_and_effects_ignore_a_common_shift(size: int) -> None:
    names = tuple("abcd"[:size])
    assert len(set(all_combinations(names))) == 2**size
    assert sum(main_effect(names, "a").values()) == pytest.approx(0.0)
