"""``search.scheduler`` with settings: today's words mean what they did, settings are kept, mistakes are one line."""

from __future__ import annotations

import pytest

from search_spaces.schema.schedulers import Scheduler
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import BASE, problems_of, space_of

SEARCH = "search: {parameters: {gamma: {uniform: [0, 1]}}, scheduler: %s}\n"


def scheduler_of(written: str) -> tuple[SearchSpace, Scheduler]:
    space = space_of(SEARCH % written)
    assert space.search is not None
    assert SearchSpace.model_validate(space.resolved()) == space
    return space, space.search.scheduler


@pytest.mark.parametrize("word", ["none", "asha", "hyperband", "median"])
def test_a_word_is_what_it_was_and_stored_as_it_was(word: str) -> None:
    space, scheduler = scheduler_of(word)
    assert scheduler == Scheduler(word)
    assert space.resolved()["search"]["scheduler"] == word


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{asha: {grace: 3, reduction: 4}}", Scheduler("asha", grace=3, reduction=4)),
        ("{hyperband: {reduction: 2}}", Scheduler("hyperband", reduction=2)),
        ("{median: {grace: 2, min_trials: 10}}", Scheduler("median", grace=2, min_trials=10)),
    ],
)
def test_settings_arrive_and_are_stored(written: str, expected: Scheduler) -> None:
    space, scheduler = scheduler_of(written)
    assert scheduler == expected
    ((name, settings),) = space.resolved()["search"]["scheduler"].items()
    assert Scheduler(name, **settings) == expected
    assert space.digest != scheduler_of(expected.name)[0].digest


@pytest.mark.parametrize(
    "written", ["{asha: {reduction: 3}}", "{asha: {}}", "{asha: }", "{asha: {grace: null, reduction: 3}}"]
)
def test_settings_that_are_the_defaults_are_the_word_alone(written: str) -> None:
    """A finished study is continued, and its trials reused, whichever way it is written."""
    assert scheduler_of(written)[0].digest == scheduler_of("asha")[0].digest
    assert scheduler_of(written)[0].resolved()["search"]["scheduler"] == "asha"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("ahsa", "unknown scheduler 'ahsa'; did you mean 'asha'?"),
        ("{ahsa: {grace: 3}}", "unknown scheduler 'ahsa'; did you mean 'asha'?"),
        ("{asha: {grace: 0}}", "asha.grace must be a whole number from 1 to 1000000, got 0"),
        ("{asha: {reduction: 1}}", "asha.reduction must be a whole number from 2 to 1000, got 1"),
        ("{asha: {grace: 2.5}}", "asha.grace must be a whole number from 1 to 1000000, got 2.5"),
        ("{asha: {grace: true}}", "asha.grace must be a whole number from 1 to 1000000, got true"),
        ("{asha: {gracee: 3}}", "asha has no setting 'gracee'; did you mean 'grace'?"),
        ("{median: {reduction: 3}}", "median has no setting 'reduction'; known: grace, min_trials"),
        ("{none: {grace: 3}}", "none has no setting 'grace'; write the word alone"),
        ("{asha: 3}", "settings of asha must be a mapping, as {asha: {grace: 3}}, got 3"),
        ("{asha: {}, median: {}}", "must be one of none, asha, hyperband, median, or one with settings"),
        ("[asha]", "must be one of none, asha, hyperband, median, or one with settings"),
        ("{asha: {grace: 0, reduktion: 3}}", "got 0; asha has no setting 'reduktion'; did you mean 'reduction'?"),
    ],
)
def test_mistakes_are_one_clear_line(written: str, message: str) -> None:
    (problem,) = problems_of(BASE + SEARCH % written)
    assert problem.path == "search.scheduler"
    assert message in problem.message


def test_a_trade_off_has_no_scheduler_with_settings_either() -> None:
    (problem,) = problems_of(BASE + SEARCH % "{asha: {grace: 3}}, objective: [valid/mae, parameters]")
    assert "`scheduler: asha` compares trials by one number" in problem.message


def test_a_rule_is_told_in_words() -> None:
    assert Scheduler("none").describe() == ""
    assert Scheduler("asha").describe() == (
        "ASHA: the best third of trials passes each rung, the first after a tenth of its epochs, the others at 3, 9, "
        "... times that"
    )
    assert Scheduler("hyperband", grace=2, reduction=4).describe() == (
        "Hyperband: the best quarter of trials passes each rung, the first after 2 epochs, the others at 4, 16, ... "
        "times that, in brackets of which each begins a rung later"
    )
    assert Scheduler("median", grace=1, min_trials=8).describe() == (
        "the median rule stops a trial after 1 epoch or later if it is worse than the median of the completed ones, "
        "once there are 8"
    )
