"""What the four console scripts have in common: -h, the version, help without types of flags, errors in one line."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import data, predict, report, search
from tests.orchestration.command_line import run

PROGRAMS = {"dmd-search": search.app, "dmd-report": report.app, "dmd-data": data.app, "dmd-predict": predict.app}
COMMANDS = [(name, ()) for name in PROGRAMS] + [
    ("dmd-data", (name,)) for name in ("inspect", "convert", "folds", "make")
]


def invoke(program: str, *arguments: str):
    return CliRunner().invoke(PROGRAMS[program], arguments, prog_name=program)


@pytest.mark.parametrize(("program", "command"), COMMANDS, ids=[" ".join((name, *rest)) for name, rest in COMMANDS])
def test_h_is_help_and_flags_show_no_type(program: str, command: tuple[str, ...]) -> None:
    short, long = (invoke(program, *command, name) for name in ("-h", "--help"))
    assert short.exit_code == long.exit_code == 0
    assert short.output == long.output
    assert "Usage:" in short.output
    assert re.search(r"-h\b.*Show this message", short.output)
    assert not re.search(r"<bool>|BOOLEAN", short.output)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_version_is_that_of_the_package(program: str) -> None:
    told = invoke(program, "--version")
    assert told.exit_code == 0
    assert told.output == "dmd-search 0.1.0\n"


@pytest.mark.parametrize(
    ("program", "arguments", "line"),
    [
        ("dmd-search", (), "error: missing option '--space'"),
        ("dmd-search", ("--bogus",), "error: no such option: --bogus"),
        (
            "dmd-search",
            ("--space", "x", "--executor", "slurm"),
            "'slurm' is not one of 'ray', 'inline'; see dmd-search -h",
        ),
        ("dmd-report", ("--out",), "error: option '--out' requires an argument"),
        ("dmd-data", ("inspekt",), "error: no such command 'inspekt'. Did you mean 'inspect'? See dmd-data -h"),
        ("dmd-data", ("inspect",), "error: missing argument 'data'; see dmd-data inspect -h"),
        ("dmd-data", ("make", "x.pkl", "--seed", "one"), "error: invalid value for '--seed'"),
        ("dmd-predict", ("runs/x",), "error: missing argument 'FILE'; see dmd-predict -h"),
        ("dmd-search", ("--bog\x1b[31mus",), "error: no such option"),
    ],
)
def test_what_a_command_line_gets_wrong_is_one_line(program: str, arguments: tuple[str, ...], line: str) -> None:
    told = invoke(program, *arguments)
    assert told.exit_code == 2
    assert told.stdout == ""
    assert line in told.stderr
    assert told.stderr.count("\n") == 1, told.stderr
    assert told.stderr.startswith("error: ")
    assert "\x1b" not in told.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--space", "broken.yaml"], []])
def test_what_needs_no_library_imports_none(arguments: list[str], tmp_path) -> None:
    """In a process of its own: this one has them all."""
    (tmp_path / "broken.yaml").write_text("study: [\n")
    script = (
        "import sys; from orchestration.cli import search\n"
        f"sys.argv = ['dmd-search', *{arguments!r}]\n"
        "try: search.main()\n"
        "except SystemExit as ended: code = ended.code\n"
        "heavy = {'torch', 'ray', 'mlflow', 'optuna', 'matplotlib', 'pandas', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "sys.stdout.flush(); print(code, sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    expected = 0 if arguments[:1] in (["--help"], ["--version"]) else 2
    assert done.stderr.splitlines()[-1] == f"{expected} []", done.stderr


def test_the_installed_script_is_this_program() -> None:
    done = run("dmd-search", "--version")
    assert (done.returncode, done.stdout) == (0, "dmd-search 0.1.0\n")


def test_no_program_is_left_out() -> None:
    project = tomllib.loads(Path(__file__).parents[3].joinpath("pyproject.toml").read_text())
    assert set(project["project"]["scripts"]) == set(PROGRAMS)
