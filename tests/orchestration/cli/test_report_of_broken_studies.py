"""``dmd-report`` on study directories that something happened to: a report that says so, or one clear line."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli.report import app
from orchestration.ledger.file_names import LEDGER_FILE
from tests.orchestration.recorded_study import write_recorded
from tests.reports.example_studies import failed, make_records, make_study

STUDY = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1, 2))
RECORDS = make_records(STUDY, {"full": 0.9, "no_ca": 0.95}.__getitem__)
CONFIRM = [record for record in RECORDS if record.stage == "confirm"]
MANIFEST = "manifest.json"


def report(directory: Path) -> tuple[int, str, list[str]]:
    """Exit code of ``dmd-report``, the report it wrote (empty: none), the lines it complained with."""
    done = CliRunner().invoke(app, [str(directory)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    written = directory / "report.md"
    return done.exit_code, written.read_text() if written.exists() else "", done.stderr.splitlines()


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def change_event(directory: Path, number: int, change: Callable[[Any], None]) -> None:
    """Change one event and give the line a sound checksum: what another version of the program might write."""
    path = directory / LEDGER_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    event = json.loads(lines[number])
    del event["check"]
    change(event)
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    lines[number] = body[:-1] + b',"check":"' + f"{zlib.crc32(body):08x}".encode() + b'"}\n'
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "there is nothing to compare"),
        ([record for record in RECORDS if record.stage == "search"], "there is nothing to compare"),
        ([failed(record) for record in RECORDS], "Every run failed"),
        ([record for record in CONFIRM if record.seed == 1], "Too few runs to say"),
        ([r for r in CONFIRM if (r.arm, r.fold) != ("no_ca", 1)], "no_ca lacks 2 planned runs and covers 2 of 3 folds"),
    ],
    ids=["nothing ended", "search only", "only failures", "one seed", "an arm missing in a fold"],
)
def test_a_thin_study_has_a_report_that_says_so(tmp_path: Path, records: list[Any], words: str) -> None:
    code, text, complaints = report(write_recorded(tmp_path, STUDY, records))
    assert (code, complaints) == (0, [])
    assert words in text


def test_a_study_that_was_planned_and_never_started(tmp_path: Path) -> None:
    (write_recorded(tmp_path, STUDY, []) / LEDGER_FILE).unlink()
    assert "there is nothing to compare" in report(tmp_path)[1]
    (tmp_path / LEDGER_FILE).touch()
    assert report(tmp_path)[0] == 0


def complaint_of_one_lost_run(directory: Path) -> str:
    """The one line on stderr beside a report in which one run of twelve is missing."""
    code, text, complaints = report(directory)
    assert code == 0
    assert "11 of 12 confirm runs completed" in text
    (complaint,) = complaints
    return complaint


def test_a_torn_last_line_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_recorded(tmp_path, STUDY, CONFIRM) / LEDGER_FILE
    path.write_bytes(path.read_bytes()[:-20])
    assert "the last line was cut off" in complaint_of_one_lost_run(tmp_path)


def test_a_trial_whose_asking_was_deleted_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_recorded(tmp_path, STUDY, CONFIRM) / LEDGER_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    first_ask = next(number for number, line in enumerate(lines) if b'"kind":"ask"' in line)
    path.write_bytes(b"".join(lines[:first_ask] + lines[first_ask + 1 :]))
    assert "1 ended trial is left out of the report" in complaint_of_one_lost_run(tmp_path)


def cut_in_the_middle(directory: Path) -> None:
    lines = (directory / LEDGER_FILE).read_bytes().splitlines(keepends=True)
    lines[7] = lines[7][:-30] + b"\n"
    (directory / LEDGER_FILE).write_bytes(b"".join(lines))


def noise(directory: Path) -> None:
    (directory / LEDGER_FILE).write_bytes(bytes(range(256)) * 40 + b"\n" + b"x\n")


def joined(directory: Path) -> None:
    path = directory / LEDGER_FILE
    path.write_bytes(path.read_bytes() * 2)


def wrong_types(directory: Path) -> None:
    change_event(directory, 4, lambda event: event["data"]["record"].update(seed="one", valid=3))


def no_record(directory: Path) -> None:
    change_event(directory, 4, lambda event: event.update(data={"trial_id": event["data"]["trial_id"]}))


def no_trial(directory: Path) -> None:
    change_event(directory, 1, lambda event: event.update(data={"trial_id": event["data"]["trial_id"]}))


def no_data(directory: Path) -> None:
    change_event(directory, 1, lambda event: event.update(data=[]))


def contradiction(directory: Path) -> None:
    same_run = {"arm": "full", "seed": 1, "repeat": 0, "fold": 0, "configuration_id": "c0"}
    change_event(directory, 8, lambda event: event["data"]["record"].update(same_run))


def no_manifest(directory: Path) -> None:
    (directory / MANIFEST).unlink()


def empty_manifest(directory: Path) -> None:
    (directory / MANIFEST).write_text("")


def half_a_manifest(directory: Path) -> None:
    text = (directory / MANIFEST).read_text()
    (directory / MANIFEST).write_text(text[: len(text) // 2])


def binary_manifest(directory: Path) -> None:
    (directory / MANIFEST).write_bytes(b"\xff\xfe\x00\x01")


def another_json(directory: Path) -> None:
    (directory / MANIFEST).write_text("[1, 2, 3]")


def description_is_text(directory: Path) -> None:
    rewrite(directory / MANIFEST, lambda content: content.update(description="text"))


def no_arms(directory: Path) -> None:
    rewrite(directory / MANIFEST, lambda content: content["description"].pop("arms"))


def unknown_metric(directory: Path) -> None:
    rewrite(directory / MANIFEST, lambda content: content["description"].update(metrics=["mae", "bleu"]))


def foreign_contrast(directory: Path) -> None:
    pair = {"first": "full", "second": "ghost", "isolates": ""}
    rewrite(directory / MANIFEST, lambda content: content["description"].update(contrasts=[pair]))


def ledger_is_a_directory(directory: Path) -> None:
    (directory / LEDGER_FILE).unlink()
    (directory / LEDGER_FILE).mkdir()


def manifest_is_a_directory(directory: Path) -> None:
    (directory / MANIFEST).unlink()
    (directory / MANIFEST).mkdir()


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (cut_in_the_middle, "line 8: the line does not match its checksum"),
        (noise, "line 1: the line does not match its checksum"),
        (joined, "Two ledgers were joined"),
        (wrong_types, "record full-confirm-1-0: "),
        (no_record, LEDGER_FILE),
        (no_trial, LEDGER_FILE),
        (no_data, LEDGER_FILE),
        (contradiction, "are the same run twice"),
        (no_manifest, "no study here (manifest.json is missing)"),
        (empty_manifest, MANIFEST),
        (half_a_manifest, MANIFEST),
        (binary_manifest, MANIFEST),
        (another_json, MANIFEST),
        (description_is_text, MANIFEST),
        (no_arms, "study toy: stored JSON lacks arms"),
        (unknown_metric, "metric 'bleu' is unknown to reports"),
        (foreign_contrast, "contrast full - ghost: the study has no arm 'ghost'"),
        (ledger_is_a_directory, LEDGER_FILE),
        (manifest_is_a_directory, MANIFEST),
    ],
)
def test_a_broken_study_is_one_clear_line(tmp_path: Path, break_it: Callable[[Path], None], words: str) -> None:
    directory = write_recorded(tmp_path / "study", STUDY, CONFIRM[:3])
    break_it(directory)
    code, text, complaints = report(directory)
    assert (code, text) == (2, "")
    assert len(complaints) == 1, complaints
    assert complaints[0].startswith(f"error: {directory}")
    assert words in complaints[0]


def test_what_is_no_directory_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file", "absent"):
        done = CliRunner().invoke(app, [str(tmp_path / name)])
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert "no study here" in done.stderr


def test_a_report_that_cannot_be_written_is_one_line_and_the_old_one_stays(tmp_path: Path) -> None:
    directory = write_recorded(tmp_path, STUDY, CONFIRM)
    (directory / "tables").write_text("a file where a folder should be")
    code, _, complaints = report(directory)
    assert code == 2
    assert len(complaints) == 1
    assert complaints[0].startswith(f"error: {directory}: the report cannot be written")


def test_records_of_another_study_are_left_out_and_told(tmp_path: Path) -> None:
    foreign = [replace(record, arm="ghost", trial_id="g" + record.trial_id) for record in CONFIRM[:2]]
    code, text, _ = report(write_recorded(tmp_path, STUDY, [*CONFIRM, *foreign]))
    assert code == 0
    assert "Records of arms that the study does not have are left out: ghost." in text
