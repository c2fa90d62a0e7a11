"""The configuration of an arm over folds of different difficulty: no fold decides because it is the easiest."""

from __future__ import annotations

from dataclasses import replace

from orchestration.finished_study.chosen import Configuration, choose_configuration, find_arm
from orchestration.finished_study.export_words import describe_choice
from orchestration.finished_study.nearest import nearest
from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.ledger.study_directory import Manifest
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Value
from tests.reports.example_studies import make_record, make_study


def searched(fold: int, gamma: float, mae: float, arm: str = "full") -> RunRecord:
    return make_record(
        arm,
        0,
        fold,
        mae,
        trial_id=f"{arm}-{fold}-{gamma}",
        stage="search",
        configuration_id=f"g{gamma}",
        parameters={"gamma": gamma},
        settings={"gamma": gamma, "width": 8},
        valid={"mae": mae},
        test=None,
    )


def confirmed(record: RunRecord, arm: str = "full") -> RunRecord:
    """A confirm trial of what was searched, or of what ``arm`` inherits of it."""
    return replace(
        record,
        arm=arm,
        stage="confirm",
        seed=1,
        trial_id=f"{record.trial_id}-{arm}-confirm",
        configuration_id=record.configuration_id if arm == "full" else f"{arm}-{record.configuration_id}",
    )


def study_of(*records: RunRecord) -> RecordedStudy:
    described = make_study(("full", "no_ca"), folds=(0, 1, 2))
    return RecordedStudy("toy", Manifest(described, {}, {}), records, lambda trial: None)


def chosen(study: RecordedStudy, arm: str = "full") -> Configuration:
    return choose_configuration(study, find_arm(study, arm))


def words(study: RecordedStudy, arm: str = "full") -> str:
    described = find_arm(study, arm)
    return "\n".join(describe_choice(study, described, choose_configuration(study, described)))


# Each fold tried values of its own; fold 2 is the easy one, and its choice is far from what the others agree on.
OWN = [
    searched(0, 0.10, 0.90),
    searched(0, 0.50, 0.95),
    searched(1, 0.12, 0.80),
    searched(1, 0.60, 0.99),
    searched(2, 0.90, 0.20),
    searched(2, 0.30, 0.25),
]


def test_where_folds_chose_differently_the_choice_nearest_to_all_is_taken_and_not_that_of_the_easiest_fold() -> None:
    found = chosen(study_of(*OWN))
    assert (found.rule, found.settings["gamma"]) == ("nearest", 0.12)
    assert [choice.cell.fold for choice in found.choices] == [1]
    assert found.score == 0.80
    text = words(study_of(*OWN))
    assert "values of different folds do not compare" in text
    assert "- fold 0 chose gamma 0.1\n- fold 1 chose gamma 0.12\n- fold 2 chose gamma 0.9" in text


def test_where_every_fold_tried_all_the_best_mean_is_taken_though_no_fold_may_have_chosen_it() -> None:
    """The means are 0.6, 0.6 and 0.5, and the middle value is second on every fold."""
    values = {0.1: (0.7, 1.0, 0.1), 0.9: (1.0, 0.6, 0.2), 0.5: (0.75, 0.65, 0.1)}
    grid = [searched(fold, gamma, mae) for gamma, maes in values.items() for fold, mae in enumerate(maes)]
    found = chosen(study_of(*grid))
    assert (found.rule, found.settings) == ("mean", {"gamma": 0.5, "width": 8})
    assert abs(found.score - 0.5) < 1e-9
    assert words(study_of(*grid)).startswith(
        "The best mean over the 3 folds, on each of which it was tried; valid/mae 0.5"
    )


def test_what_most_folds_chose_is_taken_whatever_its_values_are() -> None:
    records = [searched(0, 0.1, 0.9), searched(1, 0.1, 0.9), searched(2, 0.9, 0.1)]
    found = chosen(study_of(*records))
    assert (found.rule, found.settings["gamma"], found.num_cells) == ("most", 0.1, 3)
    assert words(study_of(*records)).startswith("Chosen by 2 of 3 folds (fold 0, fold 1), the others chose differently")


def test_an_arm_that_inherits_follows_the_arm_that_was_searched() -> None:
    winners = [OWN[0], OWN[2], OWN[4]]
    heirs = [confirmed(record, "no_ca") for record in winners]
    found = chosen(study_of(*OWN, *(confirmed(record) for record in winners), *heirs), "no_ca")
    assert (found.settings["gamma"], found.decided_by, found.is_final) == (0.12, "full", True)
    assert [choice.configuration_id for choice in found.choices] == ["no_ca-g0.12"]


def test_an_heir_takes_over_a_best_mean_that_no_fold_confirmed() -> None:
    values = {0.1: (0.7, 1.0, 0.1), 0.9: (1.0, 0.6, 0.2), 0.5: (0.75, 0.65, 0.15)}
    grid = [searched(fold, gamma, mae) for gamma, maes in values.items() for fold, mae in enumerate(maes)]
    winners = [grid[0], grid[4], grid[2]]
    runs = [confirmed(record, arm) for record in winners for arm in ("full", "no_ca")]
    found = chosen(study_of(*grid, *runs), "no_ca")
    assert (found.settings, found.choices) == ({"gamma": 0.5, "width": 8}, ())
    assert "no fold chose it" in words(study_of(*grid, *runs), "no_ca")


def conditional(fold: int, parameters: dict[str, Value], mae: float) -> RunRecord:
    """A search trial of a parameter under the condition of another one."""
    return replace(
        searched(fold, 0.0, mae),
        trial_id=f"full-{fold}-{parameters}",
        configuration_id=str(parameters),
        parameters=parameters,
        settings={"width": 8, **parameters},
    )


PLAIN, DEEP, WIDE = {"kind": "plain"}, {"kind": "deep", "depth": 3}, {"kind": "wide", "units": 5}


def test_an_heir_has_the_conditional_parameters_of_the_best_mean_and_none_of_those_it_lacks() -> None:
    """Means 0.6, 0.6, 0.5: fold 0 chose one of the first two, fold 1 the other, and none the best."""
    for first, second, best in ((PLAIN, WIDE, DEEP), (DEEP, WIDE, PLAIN), (WIDE, PLAIN, DEEP)):
        maes = ((first, (0.4, 0.8)), (second, (0.8, 0.4)), (best, (0.5, 0.5)))
        grid = [conditional(fold, values, mae) for values, of_folds in maes for fold, mae in enumerate(of_folds)]
        runs = [confirmed(record, arm) for record in (grid[0], grid[3]) for arm in ("full", "no_ca")]
        study = study_of(*grid, *runs)
        assert chosen(study).settings == chosen(study, "no_ca").settings == {"width": 8, **best}
        assert chosen(study, "no_ca").parameters == best


def test_an_heir_keeps_what_it_is_built_with_and_leaves_what_its_own_trials_left() -> None:
    heads = {"kind": "plain", "heads": 2}
    maes = ((heads, (0.4, 0.8)), ({"kind": "wide", "heads": 4}, (0.8, 0.4)), ({**DEEP, "heads": 6}, (0.5, 0.5)))
    grid = [conditional(fold, values, mae) for values, of_folds in maes for fold, mae in enumerate(of_folds)]
    owners = [confirmed(grid[0]), confirmed(grid[3])]
    heirs = [
        replace(
            confirmed(record, "no_ca"),
            parameters={"kind": record.parameters["kind"]},
            settings={"width": 8, "depth": 1, "kind": record.parameters["kind"]},
        )
        for record in (grid[0], grid[3])
    ]
    study = study_of(*grid, *owners, *heirs)
    full, no_ca = study.description.arms
    arms = (replace(full, settings={"depth": 2}), replace(no_ca, settings={"depth": 1}))
    study = replace(study, manifest=Manifest(replace(study.description, arms=arms), {}, {}))
    assert chosen(study).settings == {"width": 8, **DEEP, "heads": 6}
    assert chosen(study, "no_ca").settings == {"width": 8, "kind": "deep", "depth": 1}


def test_distances_count_what_lies_between_and_words_are_equal_or_not() -> None:
    tried = [{"rate": 10.0**-n, "fd": True} for n in range(1, 6)]
    rates = [{"rate": 1e-1, "fd": True}, {"rate": 1e-2, "fd": True}, {"rate": 1e-4, "fd": True}]
    # By steps of the five that were tried: 0.1 is 1 and 3 from the others, 0.01 is 1 and 2, 0.0001 is 3 and 2.
    assert nearest(rates, rates, tried) == 1
    # One switch that differs counts as much as the whole range of a number.
    switched = [{"rate": 1e-2, "fd": False}, {"rate": 1e-4, "fd": True}]
    assert nearest(switched, [*switched, {"rate": 1e-1, "fd": True}], tried) == 1
    assert nearest([{}], [{}], []) == 0
