"""What is expected of a session is what it will run: neither what other studies have nor what ran before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.ledger.progress import StudyProgress
from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.write_report import rebuild_report
from tests.orchestration.extension.growing_study import foresee, sit


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two search trials and a confirm trial."""
    return sit(tmp_path_factory.mktemp("begun"))


def report_of(study: Path) -> str:
    return rebuild_report(StudyDirectory(study)).path.read_text()


def test_trials_that_other_studies_have_are_not_expected_to_take_time(begun: Path, tmp_path: Path) -> None:
    study = sit(tmp_path, "confirm.seeds=2", reuse=(str(begun),))
    assert sum(record.reused_from is None for record in read_directory(study).records) == 1
    estimate = read_directory(study).description.estimate
    assert estimate["trials"] == 1
    assert 0 < estimate["device_s"] < read_directory(begun).description.estimate["device_s"]


def test_where_everything_is_reused_nothing_is_expected(begun: Path, tmp_path: Path) -> None:
    study = sit(tmp_path, reuse=(str(begun),))
    estimate = read_directory(study).description.estimate
    assert (estimate["trials"], estimate["device_s"], estimate["wall_s"]) == (0, 0, 0)
    assert "Everything was reused, as expected: nothing was left to run." in report_of(study)


def test_reuse_in_vain_is_told(begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, told = "seed=7", "--reuse: no trial there has the same data, code, settings and seed"
    assert told in foresee(tmp_path, other, reuse=(str(begun),))
    assert told not in foresee(tmp_path, reuse=(str(begun),))
    sit(tmp_path, other, reuse=(str(begun),))
    assert told in capsys.readouterr().err


def test_an_extension_is_expected_to_take_what_it_adds(begun: Path, tmp_path: Path) -> None:
    shutil.copytree(begun, tmp_path / "grow")
    study = sit(tmp_path, "confirm.seeds=3")
    described = read_directory(study).description
    assert (described.estimate["trials"], described.extensions[0].estimate["trials"]) == (3, 2)
    assert (described.extensions[0].num_asked, described.extensions[0].num_ended) == (3, 3)
    assert "Expected before each sitting, all together " in report_of(study)
    sit(tmp_path, "confirm.seeds=3")
    assert read_directory(study).description == described, "the same plan once more expects nothing new"


def test_status_leaves_out_of_the_time_left_what_is_reused() -> None:
    """Ten trials, two trained here in two seconds and one of five known ones reused: 10 - 3 - 4 are left."""
    progress = StudyProgress(session={"num_reusable": 5}, first_attempt_ms=0, num_ended_here=2, num_reused_here=1)
    progress.ended["completed"] = 3
    assert progress.left_s(10, now_ms=2000) == pytest.approx(3.0)
