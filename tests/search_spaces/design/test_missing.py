"""``confirm.missing``: which conditions a space asks for, and what it may not ask for."""

from __future__ import annotations

import json

import pytest

from search_spaces.design.missing import missing_conditions
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import problems_of, space_of


def test_rates_come_first_in_order_and_none_of_them_is_what_is_scored_anyway() -> None:
    space = space_of("confirm: {missing: {rates: [0.5, 0, 0.1, 0.7], modalities: [language, audio+vision]}}\n")
    assert missing_conditions(space) == ("rate-0.1", "rate-0.5", "rate-0.7", "only-language", "no-language")


def test_all_is_every_proper_subset_of_what_the_data_have() -> None:
    space = space_of("confirm: {missing: {modalities: all}}\n")
    assert missing_conditions(space) == (
        *("no-vision", "no-audio", "no-language"),
        *("only-language", "only-audio", "only-vision"),
    )
    data = space.data.model_copy(update={"modalities": ("language", "audio")})
    assert missing_conditions(space.model_copy(update={"data": data})) == ("only-language", "only-audio")


def test_a_space_without_it_is_the_space_it_was() -> None:
    space = space_of()
    assert missing_conditions(space) == ()
    assert "missing" not in space.resolved()["confirm"]
    asked = space_of("confirm: {missing: {rates: [0.2]}}\n")
    assert asked.digest != space.digest
    assert SearchSpace.model_validate(json.loads(json.dumps(asked.resolved()))) == asked


# What is written under `confirm.missing` (line 4 of the space), the key that is blamed, and words of the message.
MISTAKES = [
    ("{}", "confirm.missing", "names no condition; write `rates: [0.1, 0.3, 0.5]`"),
    ("{rate: [0.1]}", "confirm.missing.rate", "did you mean 'rates'"),
    ("{rates: 0.1}", "confirm.missing.rates", "must be a list of rates, as [0.1, 0.3, 0.5], got 0.1"),
    ("{rates: [0.1, 0.9]}", "confirm.missing.rates", "rates lie between 0 and 0.7"),
    ("{rates: [0.1, 0.1]}", "confirm.missing.rates", "names a rate twice"),
    ("{modalities: [langage]}", "confirm.missing.modalities[0]", "unknown modality 'langage'; did you mean 'language'"),
    (
        "{modalities: [audio, language+audio+vision]}",
        "confirm.missing.modalities[1]",
        "has every modality, so nothing is missing; leave one out",
    ),
]


@pytest.mark.parametrize(("written", "path", "words"), MISTAKES)
def test_mistakes_are_said_once_at_their_place(written: str, path: str, words: str) -> None:
    text = f"study: demo\ndata: {{path: toy.npz}}\nmodel: dmd\nconfirm: {{missing: {written}}}\n"
    (problem,) = problems_of(text)
    assert (problem.path, problem.line) == (path, 4)
    assert words in problem.message
