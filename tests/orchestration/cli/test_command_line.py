"""What the command line says before and after a study is about that study: a dry run refuses what the run refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.ledger.ledger import Ledger

FEWER_TRIALS = ("--set", "search.trials=1")
ANOTHER_MODEL = ("--set", "model.strongest=50")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (FEWER_TRIALS, "search.trials was 2, is 1"),
        (ANOTHER_MODEL, "strongest was 100.0, is 50.0 in ridge (9 trials)"),
        (("--set", "seed=7"), "seed was 0, is 7"),
    ],
)
def test_a_dry_run_refuses_what_the_run_refuses(finished: list[str], change: tuple[str, ...], what: str) -> None:
    dry, real = (CliRunner().invoke(app, [*finished, *change, *more]) for more in (("--dry-run",), ()))
    assert (dry.exit_code, real.exit_code) == (2, 2)
    assert "this study was started differently" in dry.stderr
    assert what in dry.stderr
    assert dry.stderr == real.stderr


def elsewhere(finished: list[str], tmp_path: Path) -> tuple[list[str], Path]:
    """The same study in a directory of its own, to be harmed."""
    space, out = Path(finished[1]), Path(finished[3])
    shutil.copytree(out / "lines", tmp_path / "lines")
    return ["--space", str(space), "--out", str(tmp_path), *finished[4:]], tmp_path / "lines"


def test_a_dry_run_refuses_while_a_driver_works_on_the_study(finished: list[str], tmp_path: Path) -> None:
    arguments, directory = elsewhere(finished, tmp_path)
    with Ledger(directory):
        dry, real = (CliRunner().invoke(app, [*arguments, *more]) for more in (("--dry-run",), ()))
    assert (dry.exit_code, real.exit_code) == (2, 2)
    assert "works on this study" in dry.stderr
    assert dry.stderr == real.stderr
    assert CliRunner().invoke(app, [*arguments, "--dry-run"]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "was", "becomes", "what"),
    [
        ("ledger.jsonl", b'"kind":"tell"', b'"kind":"told"', "does not match its checksum"),
        ("manifest.json", b"{", b"[", "not a manifest"),
    ],
)
def test_a_dry_run_refuses_damaged_files_as_the_run_does(
    finished: list[str], tmp_path: Path, name: str, was: bytes, becomes: bytes, what: str
) -> None:
    arguments, directory = elsewhere(finished, tmp_path)
    (directory / name).write_bytes((directory / name).read_bytes().replace(was, becomes, 1))
    dry, real = (CliRunner().invoke(app, [*arguments, *more]) for more in (("--dry-run",), ()))
    assert (dry.exit_code, real.exit_code) == (2, 2)
    assert what in dry.stderr
    assert dry.stderr == real.stderr


def test_a_dry_run_takes_what_the_run_takes(finished: list[str]) -> None:
    more_seeds = CliRunner().invoke(app, [*finished, "--set", "confirm.seeds=2", "--dry-run"])
    assert more_seeds.exit_code == 0, more_seeds.output
    assert "trials: 6 search + 6 confirm = 12; 3 left to run" in more_seeds.output
    fresh = CliRunner().invoke(app, [*finished, "--set", "search.trials=3", "--fresh", "--dry-run", "--json"])
    assert fresh.exit_code == 0, fresh.output
    assert json.loads(fresh.stdout)["estimate"]["num_left"] == 9 + 3, "nothing of the earlier study counts"


def test_a_dry_run_refuses_a_place_where_nothing_can_be_written(finished: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    elsewhere = ["--out", str(tmp_path / "file" / "runs")]
    dry, real = (CliRunner().invoke(app, [*finished, *elsewhere, *more]) for more in (("--dry-run",), ()))
    assert (dry.exit_code, real.exit_code) == (2, 2)
    assert "choose another place with --out" in dry.stderr
    assert "choose another place with --out" in real.stderr


def test_a_dry_run_speaks_of_the_numbers_that_there_are(finished: list[str]) -> None:
    lines = CliRunner().invoke(app, [*finished, "--dry-run"]).stdout.splitlines()
    assert lines[0] == "study lines: 1 arm, 3 cells (folds), 1 confirm seed"
    assert lines[1] == "  ridge: no parameter is trained by gradients, so no epochs"


def test_a_report_alone_is_json_where_json_was_asked_for(finished: list[str]) -> None:
    done = CliRunner().invoke(app, [*finished, "--json", "--report-only"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["study"] == "lines"
    assert Path(told["report"]).name == "report.md"
    plain = CliRunner().invoke(app, [*finished, "--report-only"])
    assert plain.stdout.strip() == told["report"]


def test_a_report_alone_runs_nothing_and_says_so(finished: list[str]) -> None:
    done = CliRunner().invoke(app, [*finished, "--report-only", "--fresh", "--dry-run"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "error: --report-only runs nothing: leave --dry-run out",
        "error: --report-only runs nothing: leave --fresh out",
    ]


def test_a_command_says_what_it_does_before_it_does_it_and_not_where_only_its_result_is_wanted(
    finished: list[str], tmp_path: Path
) -> None:
    arguments, _ = elsewhere(finished, tmp_path)
    told = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert told.stderr.splitlines() == [
        f"reading {arguments[1]}",
        "planning lines: reading the data, building and timing every arm",
    ]
    assert CliRunner().invoke(app, [*arguments, "--dry-run", "--json"]).stderr == ""
    more = CliRunner().invoke(app, [*arguments, "--set", "confirm.seeds=2"])
    assert more.exit_code == 0, more.output
    lines = more.stderr.splitlines()
    assert "starting: 3 trials to run" in lines
    begun = next(line for line in lines if line.startswith("training has begun: confirm ridge fold "))
    assert lines.index("starting: 3 trials to run") < lines.index(begun)
    assert [line for line in lines if line.startswith("[12/12,")]
    assert all(character.isprintable() for line in lines for character in line)


def test_the_first_word_comes_before_any_library(finished: list[str]) -> None:
    """In a process of its own, stopped at its first word."""
    script = (
        "import sys; from orchestration.cli import search\n"
        "class Stderr:\n"
        "    def write(self, text): print(repr(text), sorted({'torch', 'ray', 'mlflow'} & set(sys.modules)))\n"
        "    def flush(self): import os; sys.stdout.flush(); os._exit(0)\n"
        f"sys.argv = ['dmd-search', *{finished!r}]; sys.stderr = Stderr()\n"
        "search.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[0] == f"{'reading ' + finished[1]!r} []"
