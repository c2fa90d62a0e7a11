"""Names in a sentence: all of a few, the number of many."""

from __future__ import annotations

from reports.text.listing import MOST_LISTED, list_names, list_numbers


def test_a_few_names_are_all_listed() -> None:
    assert list_names(["a", "b"]) == "a, b"
    assert list_names([f"n{number}" for number in range(MOST_LISTED)]).count(",") == MOST_LISTED - 1


def test_of_many_names_it_is_said_how_many() -> None:
    names = [f"n{number}" for number in range(MOST_LISTED + 1)]
    assert list_names(names) == "33 further arms"
    assert list_names(names, "arms") == "33 arms"


def test_numbers() -> None:
    assert list_numbers({"a": 12.0, "b": 30.25}, 3) == "a 12, b 30.2"
    many = {f"n{number}": float(100 - number) for number in range(40)}
    assert list_numbers(many, 4) == "from 61 (n39) to 100 (n0), 40 arms"
