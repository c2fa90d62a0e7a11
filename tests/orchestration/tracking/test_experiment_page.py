"""What a person finds who opens a study in MLflow's UI, before and after it has a report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.tracking.experiment_page import (
    CONFIRM_VIEW,
    NOTE_TAG,
    SEARCH_VIEW,
    VIEW_TAG,
    describe_links,
    view_tags,
)
from orchestration.tracking.run_content import ending_content, run_name
from search_spaces.terms.trial import Cell
from tests.orchestration.delivered_study import run_and_write
from tests.orchestration.mlflow_store import Store
from tests.orchestration.saved_views import saved_view
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY
from tests.reports.example_studies import make_records, make_study

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

OFFICIAL = tuple(replace(cell, fold=None) for cell in make_study().planned)
SEARCH = {"objective": "valid/corr", "parameters": {"learning_rate": "log_uniform(1e-4, 1e-2)"}}


def test_the_list_of_confirm_runs_has_test_scores_as_columns_and_begins_with_the_best() -> None:
    study = replace(make_study(), search=SEARCH, planned=OFFICIAL)
    view = saved_view(view_tags(study), CONFIRM_VIEW)
    assert view["searchFilter"] == 'tags.stage = "confirm"'
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`test/mae`", True)
    assert view["selectedColumns"][:3] == [f"metrics.`test/{name}`" for name in study.metrics[:3]]
    assert study.primary == study.metrics[0]
    assert {"params.`learning_rate`", "tags.`arm`", "metrics.`valid_at_best_epoch/corr`"} <= set(
        view["selectedColumns"]
    )


def test_with_folds_runs_of_one_arm_and_fold_stand_together() -> None:
    """Values of folds of different difficulty are no order of quality."""
    study = replace(make_study(), search=SEARCH)
    assert {cell.fold for cell in study.planned} > {0}
    for key in (CONFIRM_VIEW, SEARCH_VIEW):
        view = saved_view(view_tags(study), key)
        assert (view["orderByKey"], view["orderByAsc"]) == ("tags.`mlflow.runName`", True)


def test_search_trials_are_a_view_of_their_own_ordered_by_what_the_search_looked_at() -> None:
    view = saved_view(view_tags(replace(make_study(), search=SEARCH, planned=OFFICIAL)), SEARCH_VIEW)
    assert view["searchFilter"] == 'tags.stage = "search"'
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`valid_at_best_epoch/corr`", False)
    assert not any("test/" in column for column in view["selectedColumns"])


def test_without_a_search_there_is_neither_a_view_nor_a_link_of_search_trials() -> None:
    assert list(view_tags(replace(make_study(), search={}))) == [f"{VIEW_TAG}{CONFIRM_VIEW}"]
    assert "search trials" not in describe_links("1", replace(make_study(), search={}))
    assert "[search trials]" in describe_links("1", replace(make_study(), search=SEARCH))


def test_a_view_fits_into_a_tag_however_much_is_searched() -> None:
    search = {"parameters": {f"a.parameter_with_a_long_name_{number}": "" for number in range(200)}}
    for value in view_tags(replace(make_study(), search=search)).values():
        assert len(value) <= 5000
        assert json.loads(value)["name"]


@pytest.mark.parametrize(
    ("trial", "name"),
    [
        (make_trial(3), "full/seed-3/"),
        (make_trial(3, cell=Cell(0, 2)), "full/fold-2/seed-3/"),
        (make_trial(3, cell=Cell(1, 2)), "full/fold-1.2/seed-3/"),
        (make_trial(0, stage="search", cell=Cell(0, 2)), "full/fold-2/search/"),
    ],
)
def test_a_run_is_called_by_arm_fold_and_seed(trial, name: str) -> None:
    assert run_name(trial) == f"{name}{trial.configuration_id[:6]}"


def test_charts_of_test_scores_come_first() -> None:
    """MLflow orders the sections of a charts page by the names before the slash."""
    record = replace(make_records(make_study(), {"full": 0.9, "no_ca": 0.95}.__getitem__)[0], valid={"mae": 1.0})
    points = ending_content(record, 1).points
    sections = sorted({point.name.rpartition("/")[0] for point in points} | {"train", "valid"})
    assert sections == ["test", "test_of_constant", "train", "trial", "valid", "valid_at_best_epoch"]


def test_the_list_opens_on_confirm_runs_and_folds_the_search_under_the_study(tmp_path: Path) -> None:
    search = [make_trial(0, stage="search", x=number / 10) for number in range(2)]
    confirm = [make_trial(seed) for seed in (1, 2)]
    study = replace(make_study(), study=STUDY, search=SEARCH)
    (tmp_path / "study").mkdir()
    StudyDirectory(tmp_path / "study").write_manifest(Manifest(study, {}, {}))
    run_and_write(tmp_path / "study", [*search, *confirm])
    store = Store(tmp_path / "study")
    parents = {trial_id: run.data.tags.get("mlflow.parentRunId") for trial_id, run in store.trials.items()}
    study_run = store.parents[0].info
    assert [parents[trial.id] for trial in search] == [study_run.run_id] * 2
    assert [parents[trial.id] for trial in confirm] == [None] * 2
    assert study_run.run_name == f"{STUDY} (report and search trials)"
    # Hours before there is a report, the page has its links and its views.
    tags = store.experiment.tags
    assert "[confirm runs]" in tags[NOTE_TAG].partition("\n")[0]
    assert "valid_at_best_epoch" in tags[NOTE_TAG]
    assert {f"{VIEW_TAG}{CONFIRM_VIEW}", f"{VIEW_TAG}{SEARCH_VIEW}"} <= set(tags)


def test_a_study_that_goes_on_keeps_the_description_that_its_report_gave(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    StudyDirectory(tmp_path / "study").write_manifest(Manifest(replace(make_study(), study=STUDY), {}, {}))
    run_and_write(tmp_path / "study", [make_trial(1)])
    store = Store(tmp_path / "study")
    store.client.set_experiment_tag(store.experiment.experiment_id, NOTE_TAG, "the answer")
    run_and_write(tmp_path / "study", [make_trial(1), make_trial(2)])
    assert Store(tmp_path / "study").experiment.tags[NOTE_TAG] == "the answer"
