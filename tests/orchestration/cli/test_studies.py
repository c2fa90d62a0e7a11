"""``dmd-search list``, ``status``, ``open``: what they say of studies in any state, and that they touch nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.cli.study_lines import headline
from orchestration.ledger.events import Event, encode_event
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger import Ledger
from orchestration.tracking.experiment_page import list_address
from orchestration.tracking.ui_server import UiServer
from tests.orchestration.command_line import records_in


@pytest.fixture(scope="module")
def runs(finished: list[str]) -> Path:
    """The folder of the finished study: 6 search trials and 3 confirm trials of ridge."""
    return Path(finished[finished.index("--out") + 1])


def told(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def study_in(runs: Path, name: str = "lines") -> dict[str, object]:
    (found,) = (
        one for one in json.loads(told("list", "--out", str(runs), "--json"))["studies"] if one["study"] == name
    )
    return found


def copied(runs: Path, folder: Path, keep: int | None = None) -> Path:
    """A copy of the study's ledger and manifest; of the ledger the first lines alone."""
    directory = folder / "lines"
    directory.mkdir(parents=True)
    shutil.copy(runs / "lines" / "manifest.json", directory)
    lines = (runs / "lines" / LEDGER_FILE).read_bytes().splitlines(keepends=True)
    (directory / LEDGER_FILE).write_bytes(b"".join(lines[:keep]))
    return directory


def test_a_finished_study_is_listed_with_its_answer(runs: Path) -> None:
    found = study_in(runs)
    assert found["state"] == "done"
    assert found["trials"] == {"planned": 9, "ended": 9, "completed": 9, "pruned": 0, "failed": 0, "open": 0}
    answer = (runs / "lines" / "report.md").read_text()
    assert found["answer"]
    assert all(sentence in answer for sentence in found["answer"])
    heading, line = told("list", "--out", str(runs)).splitlines()
    assert heading.split() == ["study", "state", "trials", "last", "event", "answer,", "or", "best", "so", "far"]
    assert line.startswith("lines  done   9 of 9")
    assert line.endswith(headline(found["answer"]))


def test_a_study_s_line_has_the_sentence_that_its_report_prints_in_bold() -> None:
    assert (
        headline(["All arms learnt.", "**1 of 2 contrasts is supported.** So much for it.", "**More.**"])
        == "1 of 2 contrasts is supported."
    )
    assert headline(["27 of 27 runs completed."]) == "27 of 27 runs completed."
    assert headline([]) == ""


def test_programs_read_the_best_so_far_with_the_best_trial_of_each_fold(runs: Path, tmp_path: Path) -> None:
    copied(runs, tmp_path)
    values: dict[int, list[float]] = {}
    for record in records_in(runs / "lines").values():
        values.setdefault(record.fold or 0, []).append(record.valid["mae"])
    best = json.loads(told("status", "lines", "--out", str(tmp_path), "--json"))["best"]
    assert list(best) == ["metric", "value", "arm", "trials"]
    assert (best["metric"], best["arm"]) == ("mae", "ridge")
    assert [(trial["fold"], trial["value"]) for trial in best["trials"]] == [(f, min(values[f])) for f in range(3)]
    assert best["value"] == pytest.approx(sum(min(values[fold]) for fold in range(3)) / 3)
    assert set(best["trials"][0]) == {"value", "arm", "stage", "seed", "repeat", "fold", "parameters"}


def test_a_study_that_was_stopped_says_what_is_left(runs: Path, tmp_path: Path) -> None:
    lines = (runs / "lines" / LEDGER_FILE).read_bytes().splitlines()
    first_end = next(number for number, line in enumerate(lines, 1) if b'"kind":"tell"' in line)
    copied(runs, tmp_path, keep=first_end)
    found = study_in(tmp_path)
    assert (found["state"], found["pid"]) == ("stopped", None)
    assert found["trials"]["planned"] == 9
    assert found["trials"]["ended"] == 1
    text = told("status", "lines", "--out", str(tmp_path))
    assert "lines: stopped\ntrials: 1 of 9 ended (1 completed, 0 pruned, 0 failed), at most 8 more\n" in text
    assert "best so far: valid/mae " in text
    assert "(search ridge fold " in text
    assert "time left: about" in text


def test_a_running_study_is_read_beside_its_driver(runs: Path, tmp_path: Path) -> None:
    directory = copied(runs, tmp_path, keep=1)
    with Ledger(directory) as ledger:
        before = {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}
        found = study_in(tmp_path)
        assert (found["state"], found["pid"]) == ("running", os.getpid())
        assert "lines: running (process" in told("status", "--out", str(tmp_path))
        # A line that is being written is no damage.
        with (directory / LEDGER_FILE).open("ab") as file:
            file.write(b'{"seq":99,"at":1')
        assert study_in(tmp_path)["problem"] is None
        os.truncate(directory / LEDGER_FILE, ledger.length)
        assert {path.name for path in directory.iterdir()} == set(before)
    assert study_in(tmp_path)["state"] == "stopped"


def test_reading_keeps_no_driver_out(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even for the instant of asking for the lock: no lock is ever taken."""
    directory = copied(runs, tmp_path, keep=1)
    Ledger(directory).close()

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a lock was asked for")

    monkeypatch.setattr("fcntl.flock", refuse)
    for command in ("list", "status", "open"):
        told(command, "--out", str(tmp_path))


def test_a_damaged_ledger_hides_neither_its_sound_part_nor_other_studies(runs: Path, tmp_path: Path) -> None:
    damaged = copied(runs, tmp_path)
    shutil.copytree(runs / "lines", tmp_path / "sound")
    content = (damaged / LEDGER_FILE).read_bytes()
    at = content.rindex(b'"kind":"tell"')
    (damaged / LEDGER_FILE).write_bytes(content[:at] + b'"kind":"told"' + content[at + 13 :] + content.splitlines()[0])
    found = study_in(tmp_path)
    assert found["state"] == "damaged"
    assert "does not match its checksum" in str(found["problem"])
    assert found["trials"]["ended"] == 8
    assert study_in(tmp_path, "sound")["state"] == "done"
    assert "problem: " in told("status", "lines", "--out", str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"ledger_bytes": 1}', b"\xff", b"[" * 100_000])
def test_files_that_are_not_ours_end_in_no_traceback(runs: Path, tmp_path: Path, content: bytes) -> None:
    directory = copied(runs, tmp_path)
    for name in ("summary.json", "manifest.json", "tracking.json", "mlflow.db"):
        (directory / name).write_bytes(content)
    assert study_in(tmp_path)["trials"]["completed"] == 9
    for command in ("status", "open"):
        told(command, "lines", "--out", str(tmp_path))


def test_a_summary_of_a_shorter_ledger_is_not_believed(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "lines", tmp_path / "lines")
    (start,) = (tmp_path / "lines" / LEDGER_FILE).read_bytes().splitlines(keepends=True)[:1]
    last = json.loads((tmp_path / "lines" / LEDGER_FILE).read_bytes().splitlines()[-1])
    session = {**json.loads(start)["data"], "session": {"num_planned": 12}}
    with (tmp_path / "lines" / LEDGER_FILE).open("ab") as file:
        file.write(encode_event(Event(last["seq"] + 1, time.time_ns() // 1_000_000, "start", session)))
    found = study_in(tmp_path)
    assert (found["state"], found["trials"]["planned"], found["answer"]) == ("stopped", 12, [])
    os.utime(tmp_path / "lines" / "report.md", (0, 0))
    assert "report.md (of fewer trials than have ended)" in told("status", "lines", "--out", str(tmp_path))


def test_open_names_the_report_and_the_list_of_runs(runs: Path) -> None:
    lines = told("open", "lines", "--out", str(runs)).splitlines()
    directory = runs / "lines"
    with closing(sqlite3.connect(directory / "mlflow.db")) as store:
        ((number,),) = store.execute("SELECT experiment_id FROM experiments WHERE name = 'lines'").fetchall()
    assert lines == [
        f"report: {directory / 'report.html'}",
        f"start MLflow: dmd-search ui {directory}",
        f"its runs: http://127.0.0.1:5000/{list_address(str(number))}",
    ]
    places = json.loads(told("open", str(directory), "--json"))
    assert places["report"] == str(directory / "report.md")
    assert f"/experiments/{number}/runs?" in places["mlflow"]["address"]


def test_mlflow_is_not_started_where_it_would_have_nothing_to_show(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "lines", tmp_path / "lines")
    for name in ("mlflow.db", "tracking.json"):
        (tmp_path / "lines" / name).unlink()
    assert "nothing is tracked yet" in refused("ui", "lines", "--out", str(tmp_path))
    (tmp_path / "lines" / "tracking.json").write_text(json.dumps({"target": "http://there:5000"}))
    assert "tracked on a server, open it there: http://there:5000" in refused("ui", "lines", "--out", str(tmp_path))


SERVER = """\
import socket, sys
if sys.argv[2] == "broken":
    sys.exit("no such table")
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as opened:
    opened.accept()
sys.exit("out of memory")
"""


@pytest.mark.parametrize(("kind", "code", "said"), [("broken", 2, "no such table"), ("crash", 1, "out of memory")])
def test_a_server_that_crashes_is_no_bad_input(
    runs: Path, monkeypatch: pytest.MonkeyPatch, kind: str, code: int, said: str
) -> None:
    def serve(directory: Path, port: int) -> UiServer:
        return UiServer((sys.executable, "-c", SERVER, str(port), kind), directory, os.environ)

    monkeypatch.setattr("orchestration.tracking.ui_server.ui_server", serve)
    done = CliRunner().invoke(app, ["ui", "lines", "--out", str(runs)])
    assert done.exit_code == code
    assert done.stderr.splitlines()[-2:] == ["error: MLflow ended with exit code 1", f"error: {said}"]


@pytest.mark.parametrize("command", ["status", "open", "ui"])
def test_an_unknown_study_is_told_with_the_nearest(runs: Path, command: str) -> None:
    done = CliRunner().invoke(app, [command, "lins", "--out", str(runs)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: lins: no study of this name in {runs}; did you mean 'lines'?\n"


def test_folders_without_studies(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["list", "--out", str(tmp_path)]).exit_code == 0
    assert json.loads(told("list", "--out", str(tmp_path), "--json")) == {"studies": []}
    for arguments in (["status"], ["list", "--out", str(tmp_path / "no")], ["open", "x"]):
        done = CliRunner().invoke(app, [*arguments, *(["--out", str(tmp_path)] if "--out" not in arguments else [])])
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
    misplaced = CliRunner().invoke(app, ["--out", str(tmp_path), "list"])
    assert (misplaced.exit_code, misplaced.stderr) == (
        2,
        "error: options of `list` stand behind its name; see dmd-search list -h\n",
    )


def completed(monkeypatch: pytest.MonkeyPatch, program: str, words: str) -> list[str]:
    """What bash is given for the last word."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    done = CliRunner().invoke(app, [], prog_name=program, env={variable: "complete_bash"})
    return done.stdout.split()


def test_a_shell_completes_spaces_studies_and_commands(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs.parent)
    assert completed(monkeypatch, "dmd-search", "dmd-search --space qui") == ["quickstart"]
    assert completed(monkeypatch, "dmd-search", "dmd-search --space lin") == ["lines.yaml"]
    assert completed(monkeypatch, "dmd-search", "dmd-search status l") == ["lines"]
    assert completed(monkeypatch, "dmd-search", "dmd-search sta") == ["status"]
    monkeypatch.chdir("/")
    assert completed(monkeypatch, "dmd-search", f"dmd-search open --out {runs} l") == ["lines"]
