"""Which confirmed configuration speaks for an arm whose search went on: the one that validation chooses now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.records.run_record import RunRecord
from reports.results.confirm_records import confirmed_records, superseded_records, unconfirmed_places
from reports.results.current_choice import ChoiceRule
from tests.reports.example_studies import make_record, make_study

OWN = ChoiceRule("mae")
HEIR = ChoiceRule("mae", decided_by={"no_ca": "full"})


def searched(gamma: float, mae: float, **changes: object) -> RunRecord:
    """A search trial of the arm ``full``, whose configuration is called by its gamma."""
    return make_record(
        "full",
        0,
        0,
        mae,
        trial_id=f"s{gamma}",
        stage="search",
        configuration_id=f"g{gamma}",
        parameters={"gamma": gamma, "lambda": 1.0},
        valid={"mae": mae},
        test=None,
        **changes,
    )


def confirms(gamma: float, valid: float, arm: str = "full", seeds: tuple[int, ...] = (1, 2)) -> list[RunRecord]:
    """Confirm trials; an arm that inherits takes gamma alone."""
    own = {"gamma": gamma, "lambda": 1.0} if arm == "full" else {"gamma": gamma}
    name = f"g{gamma}" if arm == "full" else f"{arm}{gamma}"
    return [
        make_record(
            arm,
            seed,
            0,
            0.5,
            trial_id=f"{name}-{seed}",
            configuration_id=name,
            parameters=own,
            valid={"mae": valid},
        )
        for seed in seeds
    ]


def speaking(records: list[RunRecord], rule: ChoiceRule = OWN, arm: str = "full") -> set[str]:
    return {record.configuration_id for record in confirmed_records(records, rule) if record.arm == arm}


FOUND = [searched(1.0, 0.80), searched(2.0, 0.70), searched(3.0, 0.60)]
BEFORE, NOW = confirms(2.0, 0.70), confirms(3.0, 0.90)


def test_the_better_search_trial_speaks_even_where_fresh_seeds_look_worse() -> None:
    assert speaking([*FOUND, *BEFORE, *NOW]) == {"g3.0"}
    assert {record.configuration_id for record in superseded_records([*FOUND, *BEFORE, *NOW], OWN)} == {"g2.0"}


def test_one_seed_of_the_new_choice_goes_before_all_seeds_of_the_old() -> None:
    records = [*FOUND, *BEFORE, *NOW[:1]]
    assert [record.seed for record in confirmed_records(records, OWN)] == [1]


def test_until_the_new_choice_is_confirmed_the_old_one_speaks_and_is_known_to_be_behind() -> None:
    assert speaking([*FOUND, *BEFORE]) == {"g2.0"}
    assert unconfirmed_places([*FOUND, *BEFORE], OWN) == (("full", 0, 0),)
    assert unconfirmed_places([*FOUND, *BEFORE, *NOW], OWN) == ()
    assert superseded_records([*FOUND, *BEFORE], OWN) == ()


def test_among_the_top_two_fresh_seeds_decide_as_ever() -> None:
    third = confirms(1.0, 0.10)
    assert speaking([*FOUND, *third, *BEFORE, *NOW], ChoiceRule("mae", top=2)) == {"g2.0"}


def test_an_arm_that_inherits_follows_the_search_that_decides_for_it() -> None:
    records = [*FOUND, *BEFORE, *NOW, *confirms(2.0, 0.1, "no_ca"), *confirms(3.0, 0.9, "no_ca")]
    assert speaking(records, HEIR, "no_ca") == {"no_ca3.0"}
    rule = ChoiceRule.of(make_study(("full", "no_ca", "control", "ridge"), scope="baseline"))
    assert rule.decided_by == {"no_ca": "full", "control": "full"}
    assert ChoiceRule.of(make_study(("full", "no_ca", "control"), scope="per_arm")).decided_by == {"control": "full"}


def test_an_arm_that_had_no_search_before_leaves_its_fixed_settings() -> None:
    fixed = [replace(record, parameters={}, configuration_id="fixed") for record in confirms(9.0, 0.1)]
    heir = [replace(record, parameters={}, configuration_id="fixed") for record in confirms(9.0, 0.1, "no_ca")]
    assert speaking([*FOUND, *fixed, *NOW]) == {"g3.0"}
    assert speaking([*FOUND, *heir, *confirms(3.0, 0.9, "no_ca")], HEIR, "no_ca") == {"no_ca3.0"}


@pytest.mark.parametrize("status", ["pruned", "failed"])
def test_trials_that_did_not_end_choose_nothing(status: str) -> None:
    records = [*FOUND[:2], searched(3.0, 0.60, status=status), *BEFORE, *NOW]
    assert speaking(records) == {"g2.0"}


def test_without_search_trials_fresh_seeds_decide() -> None:
    assert speaking([*BEFORE, *NOW]) == {"g2.0"}
