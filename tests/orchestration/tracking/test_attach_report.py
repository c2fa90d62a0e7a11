"""The report on the study's run in MLflow: files, description with working links, and no harm where MLflow is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.past_studies.write_report import deliver_report
from orchestration.tracking.attach_report import attach_report
from orchestration.tracking.experiment_page import NOTE_TAG
from reports.output.write import write_report
from reports.records.study_description import StudyDescription
from tests.orchestration.mlflow_store import Store
from tests.orchestration.saved_views import saved_view
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY, listed, run_toy
from tests.orchestration.tracking.test_mlflow_tracker import free_port
from tests.reports.example_studies import make_records, make_study

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


ANSWER = ("30 of 30 runs completed.", "**1 of 1 declared contrasts is supported.**")


def describe(name: str = STUDY) -> StudyDescription:
    return replace(make_study(), study=name)


def write(directory: Path) -> StudyDescription:
    study = describe()
    write_report(study, make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__), directory)
    return study


@pytest.fixture(scope="module")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracked study with its report attached, twice."""
    directory = tmp_path_factory.mktemp("study")
    run_toy(directory, listed([make_trial(1)]), is_tracked=True)
    study = write(directory)
    for _ in range(2):
        assert attach_report(f"sqlite:///{directory / 'mlflow.db'}", study, ANSWER, directory)
    return directory


def test_report_tables_and_figures_are_artifacts_of_the_study_s_run(attached: Path) -> None:
    store = Store(attached)
    assert len(store.parents) == 1
    run = store.parents[0].info.run_id
    assert {item.path for item in store.client.list_artifacts(run)} == {"report.md", "report.html", "tables", "figures"}
    for folder in ("tables", "figures"):
        stored = {Path(item.path).name for item in store.client.list_artifacts(run, folder)}
        assert stored == {path.name for path in (attached / folder).iterdir()}
        assert len(stored) > 5
    page = store.client.download_artifacts(run, "report.html", str(attached))
    assert Path(page).read_bytes() == (attached / "report.html").read_bytes()


def test_the_description_says_the_answer_and_links_the_report_and_the_trials(attached: Path) -> None:
    store = Store(attached)
    run = store.parents[0]
    note = run.data.tags[NOTE_TAG]
    assert store.experiment.tags[NOTE_TAG] == note
    assert "\n\n- 30 of 30 runs completed.\n- **1 of 1 declared contrasts is supported.**\n\n" in note
    links = [part.split(")")[0] for part in note.partition("\n")[0].split("](")[1:]]
    assert [urlsplit(link[1:]).path.rpartition("/")[2] for link in links] == ["report.html", "runs", "runs", "runs"]
    assert all(link.startswith(f"#/experiments/{store.experiment.experiment_id}/runs") for link in links)
    assert run.info.run_id in links[0]
    shown = parse_qs(urlsplit(links[1][1:]).query)["viewStateShareKey"][0]
    view = saved_view(store.experiment.tags, shown)
    assert view["searchFilter"] == 'tags.stage = "confirm"'
    assert (view["orderByKey"], view["orderByAsc"]) == ("tags.`mlflow.runName`", True)
    found = store.client.search_runs([store.experiment.experiment_id], view["searchFilter"])
    assert len(found) == len(store.trials) == 1


def test_a_store_without_the_study_gets_nothing(attached: Path) -> None:
    assert not attach_report(f"sqlite:///{attached / 'mlflow.db'}", describe("another"), ANSWER, attached)


def test_a_server_that_is_away_costs_one_line(tmp_path: Path) -> None:
    run_toy(tmp_path, listed([make_trial(1)]))
    study = write(tmp_path)
    study_directory = StudyDirectory(tmp_path)
    study_directory.write_manifest(Manifest(study, {}, {}))
    notice = deliver_report(study_directory, ANSWER, f"http://user:secret@127.0.0.1:{free_port()}") or ""
    assert notice.startswith("tracking: the report is not yet in MLflow at http://127.0.0.1:")
    assert notice.endswith("run the same command again to attach it")
    assert "secret" not in notice
    assert "\n" not in notice


def test_a_password_is_left_out_before_a_long_message_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def attach(*arguments: object) -> None:
        # The cut falls into the password.
        raise ConnectionError("x" * 170 + " http://user:canary-canary-canary@host")

    monkeypatch.setattr("orchestration.tracking.attach_report.attach_report", attach)
    study_directory = StudyDirectory(tmp_path)
    study_directory.write_manifest(Manifest(describe(), {}, {}))
    said = deliver_report(study_directory, ANSWER, "http://127.0.0.1:9")
    assert said is not None
    assert "canary" not in said
