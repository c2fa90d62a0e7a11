"""The process that writes the report gives what this process would have written, and its refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.reporter import ReportHere, ReportProcess
from orchestration.process.errors import UsageError
from tests.orchestration.command_line import run, write_space


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reporter")
    space = write_space(place)
    done = run(
        "dmd-search", "--space", str(space), "--out", str(place), "--executor", "inline", "--only", "ridge", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    return place / "small"


def test_both_write_the_same_bytes_and_deliver_them(study: Path) -> None:
    with ReportHere(study, None) as here:
        report = here.write()
    before = {path: path.read_bytes() for path in study.rglob("*") if path.suffix in (".md", ".html", ".csv", ".svg")}
    with ReportProcess(study, None) as process:
        process.prepare()
        process.prepare()
        process.begin()
        assert process.write() == report
        assert process.deliver(report) is None
    assert {path: path.read_bytes() for path in before} == before


def test_what_it_refuses_is_refused_here(tmp_path: Path) -> None:
    StudyDirectory(tmp_path / "empty").path.mkdir()
    with ReportProcess(tmp_path / "empty", None) as process, pytest.raises(UsageError, match="empty"):
        process.write()


def test_a_process_that_was_not_needed_is_gone(study: Path) -> None:
    with ReportProcess(study, None) as process:
        process.prepare()
        child = process._process
    assert child is not None
    assert child.poll() is not None


def test_a_process_that_dies_costs_no_report(study: Path) -> None:
    with ReportHere(study, None) as here:
        report = here.write()
    with ReportProcess(study, None) as process:
        process.prepare()
        assert process._process is not None
        process._process.kill()
        process._process.wait()
        process.begin()
        (study / "report.md").unlink()
        assert process.write() == report
        assert report.path.exists()
        assert process.deliver(report) is None
