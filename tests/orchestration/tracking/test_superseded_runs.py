"""Confirm runs of a configuration that a longer search has replaced: what is left of them in MLflow's lists."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.tracking.experiment_page import CONFIRM_VIEW, NOTE_TAG, SUPERSEDED_VIEW, VIEW_TAG
from orchestration.tracking.position import POSITION_FILE
from reports.records.extension import Extension
from search_spaces.terms.trial import Trial
from tests.orchestration.delivered_study import run_and_write, write_here
from tests.orchestration.mlflow_store import Store
from tests.orchestration.saved_views import saved_view
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY
from tests.reports.example_studies import make_study

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

SEARCH = {"objective": "valid/mae", "trials": 2, "parameters": {"x": "uniform(0, 1)"}}


def search(x: float) -> Trial:
    return make_trial(stage="search", parameters={"x": x})


def confirm(x: float, seed: int) -> Trial:
    return make_trial(seed, parameters={"x": x})


# The toy's error is least at x = 0.3: the longer search finds a better configuration than the first one.
BEGUN = [search(0.0), search(0.9), confirm(0.0, 1), confirm(0.0, 2)]
GROWN = [*BEGUN, search(0.3), confirm(0.3, 1), confirm(0.3, 2)]
OLD, NEW = (
    {trial.id for trial in GROWN if trial.stage == "confirm" and trial.parameters["x"] == x} for x in (0.0, 0.3)
)


def plan(directory: Path, extended: bool, top: int = 1) -> None:
    """Write the manifest of the study."""
    directory.mkdir(exist_ok=True)
    extension = Extension(
        "2026-11-30T10:00:00", "dmd-search --space toy.yaml", ("search.trials was 2, is 3",), (), 4, 2
    )
    study = replace(
        make_study(), study=STUDY, search=SEARCH, confirm={"top": top}, extensions=(extension,) if extended else ()
    )
    StudyDirectory(directory).write_manifest(Manifest(study, {}, {}))


def listed_by(store: Store, view: str) -> set[str]:
    """Trials that MLflow lists in a saved view."""
    query = saved_view(store.experiment.tags, view)["searchFilter"]
    found = store.client.search_runs([store.experiment.experiment_id], query)
    return {run.data.tags["trial_id"] for run in found}


def grow(directory: Path, trials: Sequence[Trial] = tuple(GROWN)) -> Store:
    plan(directory, extended=True)
    run_and_write(directory, trials)
    return Store(directory)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study before it was extended, delivered; its tests work on copies."""
    directory = tmp_path_factory.mktemp("study") / "toy"
    plan(directory, extended=False)
    run_and_write(directory, BEGUN)
    return directory


@pytest.fixture
def study(begun: Path, tmp_path: Path) -> Path:
    return shutil.copytree(begun, tmp_path / "toy")


def test_the_list_of_confirm_runs_has_those_that_the_report_counts(study: Path) -> None:
    assert listed_by(Store(study), CONFIRM_VIEW) == OLD
    store = grow(study)
    assert listed_by(store, CONFIRM_VIEW) == NEW
    assert listed_by(store, SUPERSEDED_VIEW) == OLD


def test_a_superseded_run_says_so_and_is_folded_under_the_study(study: Path) -> None:
    names = {trial: Store(study).trials[trial].info.run_name for trial in OLD}
    store = grow(study)
    for trial in OLD:
        run = store.trials[trial]
        assert (run.info.run_name, run.info.status) == (f"{names[trial]} (superseded)", "FINISHED")
        assert run.data.tags["superseded"] == "yes"
        assert run.data.tags[NOTE_TAG].startswith("Superseded: ")
        assert run.data.tags["mlflow.parentRunId"] == store.parents[0].info.run_id
        assert "test/mae" in run.data.metrics
    for trial in NEW:
        assert not {"superseded", "mlflow.parentRunId"} & set(store.trials[trial].data.tags)


def test_before_the_new_choice_has_a_result_the_earlier_one_stands(study: Path) -> None:
    store = grow(study, [*BEGUN, search(0.3)])
    assert listed_by(store, CONFIRM_VIEW) == OLD


def test_runs_that_an_earlier_session_left_unmarked_are_marked_by_the_next(study: Path) -> None:
    """As the version before this one, or a writer that was killed, leaves them; there is nothing new to deliver."""
    run_and_write(study, GROWN)
    assert listed_by(Store(study), CONFIRM_VIEW) == OLD | NEW
    plan(study, extended=True)
    write_here(study)
    store = Store(study)
    assert {trial for trial, run in store.trials.items() if run.data.tags.get("superseded") == "yes"} == OLD


def test_delivering_everything_again_marks_nothing_twice(study: Path) -> None:
    grow(study)
    (study / POSITION_FILE).unlink()
    write_here(study)
    store = Store(study)
    assert listed_by(store, CONFIRM_VIEW) == NEW
    assert all(store.trials[trial].info.run_name.count("(superseded)") == 1 for trial in OLD)


def test_a_choice_that_counts_again_is_listed_again(study: Path) -> None:
    names = {trial: Store(study).trials[trial].info.run_name for trial in OLD}
    grow(study)
    plan(study, extended=True, top=2)
    write_here(study)
    store = Store(study)
    assert listed_by(store, CONFIRM_VIEW) == OLD | NEW
    for trial in OLD:
        tags = store.trials[trial].data.tags
        assert not {"superseded", NOTE_TAG, "mlflow.parentRunId"} & set(tags)
        assert store.trials[trial].info.run_name == names[trial]


def test_a_study_that_was_not_extended_after_it_was_confirmed_has_no_such_view(begun: Path) -> None:
    assert f"{VIEW_TAG}{SUPERSEDED_VIEW}" not in Store(begun).experiment.tags
