"""What tuning cost and bought: curves by hand, bands only for independent trials, unequal budgets named."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.sections.tuning.csv import budget_tables
from reports.sections.tuning.section import TuningSection
from reports.sections.tuning.values import Budget
from reports.statistics.best_of import typical_best_band
from tests.reports.example_studies import failed, make_record, make_search_record, warnings_of
from tests.reports.sections.hyperparameters.example_searches import make_search_records, make_search_study

UNIFORM = {"alpha": {"uniform": [0.0, 1.0]}}


def study_of(values: dict[int, list[float]], **search: object) -> tuple[StudyDescription, list[RunRecord]]:
    study = make_search_study(UNIFORM, folds=tuple(values), **search)
    records = [
        replace(make_search_record("full", fold, number, 0.0, parameters={"alpha": 0.1 * number}), valid={"mae": value})
        for fold, of_fold in values.items()
        for number, value in enumerate(of_fold)
    ]
    return study, records


def budget_of(study: StudyDescription, records: list[RunRecord]) -> Budget:
    return analyse(study, records).section(TuningSection).budget


def section_of(study: StudyDescription, records: list[RunRecord]) -> str:
    text = render_markdown(analyse(study, records))
    return text[text.index("## Budget") : text.index("## Failures")]


def test_the_curve_of_two_folds_is_the_mean_of_theirs() -> None:
    (curve,) = budget_of(*study_of({0: [4.0, 1.0, 2.0], 1: [10.0, 10.0, 4.0, 4.0]})).curves
    assert curve.budgets.tolist() == [1, 2, 3]
    np.testing.assert_allclose(curve.observed, [7.0, 5.5, 2.5])
    # Fold 1: single trials average 7; of 6 pairs one has no 4; of 4 triples none.
    np.testing.assert_allclose(curve.expected, [(7 / 3 + 7) / 2, (4 / 3 + 5) / 2, (1 + 4) / 2])
    np.testing.assert_allclose(curve.typical, [3.0, 2.5, 2.5])


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        ({"searcher": "tpe"}, "tpe chooses each trial by the earlier ones"),
        ({"scheduler": "asha"}, "asha stops trials by comparison"),
        ({"searcher": "grid"}, "a grid has no chance in it"),
        ({"starting_points": 2}, "2 starting points of each search were given and not drawn"),
    ],
)
def test_trials_that_are_not_independent_get_their_curve_and_a_reason(search: dict[str, object], reason: str) -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0]}, **search)
    (curve,) = budget_of(study, records).curves
    assert np.isnan(curve.typical).all() and np.isnan(curve.high).all()
    assert curve.observed.tolist() == [4.0, 1.0, 1.0]
    text = section_of(study, records)
    assert f"There is no band: {reason}" in text
    assert "| full |     1 | 4.000 | 1.000 | 1.000 |" in text
    unordered = [replace(record, number=None) for record in records]
    assert "No tuning curve: the order of the trials was not recorded." in section_of(study, unordered)


@pytest.mark.parametrize(
    ("searcher", "told"),
    [
        (
            "tpe",
            "- 2 of 6 proposals failed; tpe took each for worse than every proposal that has a value.\n"
            "- Lost with the machines that they ran on: 1 proposal; tpe did not learn of that.\n",
        ),
        (
            "random",
            "- 2 of 6 proposals failed.\n- Lost with the machines that they ran on: 1 proposal.\n",
        ),
    ],
)
def test_the_section_says_how_many_proposals_failed_and_what_the_searcher_made_of_them(
    searcher: str, told: str
) -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0, 3.0, 5.0, 6.0]}, searcher=searcher)
    records[1:3] = [failed(record) for record in records[1:3]]
    records[4] = replace(failed(records[4], "the worker was lost in each of 21 attempts"), is_lost=True)
    assert told in section_of(study, records)
    assert "proposals failed" not in section_of(*study_of({0: [4.0, 1.0]}, searcher=searcher))


def test_independent_trials_have_bands_that_are_open_where_nothing_can_be_said() -> None:
    study = make_search_study(UNIFORM, folds=(None,))
    records = make_search_records(study, lambda draw: 1.0 + draw["alpha"], 40, noise=0.0)
    (curve,) = budget_of(study, records).curves
    # The best of k of uniforms on [1, 2] has the median 2 - 2 ** (-1 / k).
    truth = 2 - 2.0 ** (-1 / np.arange(1, 41))
    assert np.nanmax(curve.low - truth) <= 0 <= np.nanmin(curve.high - truth)
    assert np.isnan(curve.low[-1]) and np.isfinite(curve.high).all()
    assert "(up to " in section_of(study, records)


def test_the_band_of_several_folds_holds_for_all_of_them_at_once() -> None:
    random = np.random.default_rng(0)
    values = {fold: random.random(30).tolist() for fold in (0, 1)}
    (curve,) = budget_of(*study_of(values)).curves
    bands = [typical_best_band(np.array(own), curve.budgets, 1 - 0.05 / 2) for own in values.values()]
    np.testing.assert_allclose(curve.high, (bands[0][1] + bands[1][1]) / 2)
    is_open = np.isinf(bands[0][0]) | np.isinf(bands[1][0])
    assert is_open.any() and not is_open.all()
    np.testing.assert_array_equal(np.isnan(curve.low), is_open)


def test_tables_of_long_searches_stay_within_a_wide_terminal() -> None:
    study = make_search_study(UNIFORM, folds=(None,))
    records = make_search_records(study, lambda draw: 1.0, 600)
    text = section_of(study, records)
    assert max(len(line) for line in text.splitlines() if line.startswith("|")) <= 150
    assert all(f"k = {k} |" in text for k in (1, 16, 256, 600))


def test_higher_is_better_for_an_accuracy() -> None:
    study, records = study_of({0: [0.1, 0.4, 0.3] * 6}, objective="valid/acc7")
    records = [replace(record, valid={"acc7": record.valid["mae"]}) for record in records]
    (curve,) = budget_of(study, records).curves
    assert curve.observed[:3] == pytest.approx([10, 40, 40])
    assert (np.diff(curve.expected) >= -1e-9).all()
    assert curve.expected[-1] == pytest.approx(40)
    assert np.isnan(curve.high[-1]) and np.isfinite(curve.low[-1])


def test_a_failed_trial_is_spent_and_worth_nothing() -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0]})
    (curve,) = budget_of(study, [failed(records[0]), *records[1:]]).curves
    assert np.isnan(curve.observed[0]) and curve.observed[1:].tolist() == [1.0, 1.0]
    assert np.isnan(curve.expected[0]) and curve.expected[1:] == pytest.approx([4 / 3, 1.0])


def test_what_each_arm_used_is_counted() -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0], 1: [1.0, 2.0]})
    records[0] = replace(records[0], status="pruned", num_epochs=1, duration_s=0.5)
    budget = budget_of(study, [failed(records[-1]), *records[:-1]])
    assert [(s.cell.name, s.completed, s.pruned, s.failed, s.epochs, s.device_s) for s in budget.searches] == [
        ("fold 0", 2, 1, 0, 7, 5.5),
        ("fold 1", 1, 0, 1, 6, 5.0),
    ]
    tables = {table.name: list(csv.DictReader(table.to_csv().splitlines())) for table in budget_tables(budget)}
    assert [row["device_s"] for row in tables["search"]] == ["5.5", "5.0"]
    assert len(tables["tuning_curves"]) == 2
    text = section_of(study, [failed(records[-1]), *records[:-1]])
    row = next(line for line in text.splitlines() if line.startswith("| full"))
    assert [cell.strip() for cell in row.split("|")][1:-1] == ["full", "2", "2 to 3", "3", "1", "1", "13", "10 s"]


def test_unequal_budgets_are_warned_of() -> None:
    study = make_search_study(UNIFORM, arms=("full", "no_ca"), folds=(0,), trials=4)
    full = [make_search_record("full", 0, number, 1.0) for number in range(4)]
    other = [make_search_record("no_ca", 0, number, 1.0, num_epochs=9) for number in range(3)]
    warnings = " ".join(warnings_of(analyse(study, full + other)))
    assert "Unequal tuning budgets (search trials per cell): full 4, no_ca 3." in warnings
    assert "unequally many epochs (per search): full 12, no_ca 27" in warnings
    assert "Fewer search trials than the 4 asked for per cell (no_ca 3)" in warnings
    alike = [replace(record, arm="no_ca", trial_id="x" + record.trial_id) for record in full]
    assert "Unequal" not in " ".join(warnings_of(analyse(study, full + alike)))


def test_an_arm_that_never_learned_and_a_search_that_mostly_failed_are_warned_of() -> None:
    study = make_search_study(UNIFORM, arms=("full", "no_ca"), folds=(0,))
    runs = [make_record(arm, seed, 0, mae) for arm, mae in (("full", 0.9), ("no_ca", 1.5)) for seed in (1, 2)]
    search = [make_search_record("full", 0, number, 1.0) for number in range(4)]
    warnings = " ".join(warnings_of(analyse(study, [*runs, failed(search[0]), *search[1:]])))
    assert "no_ca diverged or never learned: its 2 completed runs score worse than the training-median predictor" in (
        warnings
    )
    assert "(1.500 against 1.400 MAE)" in warnings
    assert "full diverged" not in warnings
    assert "full: 1 of 4 search trials failed." in warnings
    even = [replace(run, test=run.fallback_test) for run in runs]
    assert "diverged" not in " ".join(warnings_of(analyse(study, even)))


def test_the_section_says_what_a_long_search_went_by() -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0]}, searcher="tpe", memory="its 100 best and its latest trials")
    assert "\nA search went by its 100 best and its latest trials.\n" in section_of(study, records)
    study, records = study_of({0: [4.0, 1.0, 2.0]}, searcher="tpe")
    assert "A search went by" not in section_of(study, records)


def test_how_trials_were_stopped_early_is_told_in_the_study_s_words() -> None:
    study, records = study_of({0: [4.0, 1.0, 2.0]}, scheduler="asha", stopping="ASHA: the best third passes")
    assert "\nEarly stopping: ASHA: the best third passes.\n" in section_of(study, records)
    assert "Early stopping" not in section_of(*study_of({0: [4.0, 1.0, 2.0]}))
