"""Broken spaces through the command line: the right message at its line and column, exit code 2, never a traceback.

``tests/search_spaces/broken`` holds one file per mistake; ``expected.txt`` there says what must be found in it.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from tests.orchestration.command_line import errors_in

BROKEN = Path(__file__).parents[2] / "search_spaces" / "broken"
SOUND = "study: demo\ndata: {path: planted}\nmodel: {name: dmd}\n"


def expected() -> dict[str, list[tuple[str, str, str]]]:
    """File -> (place, key, words) of every problem, in order."""
    problems: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for line in (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines()[1:]:
        name, place, key, words = line.split(" | ", 3)
        problems[name].append((place, key, words))
    return problems


EXPECTED = expected()


def complaints(path: Path) -> list[str]:
    """What the command prints about a file that it refuses."""
    result = CliRunner().invoke(app, ["--space", str(path)])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    return errors_in(result.stderr)


def test_the_corpus_is_whole() -> None:
    assert {path.stem for path in BROKEN.glob("*.yaml")} == set(EXPECTED)
    assert len(EXPECTED) >= 80


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_broken_space_is_refused_with_the_right_words(name: str) -> None:
    path = BROKEN / f"{name}.yaml"
    lines = complaints(path)
    assert len(lines) == len(EXPECTED[name])
    for line, (place, key, words) in zip(lines, EXPECTED[name], strict=True):
        where = str(path) if place == "-:-" else f"{path}:{place}"
        assert line.startswith(f"error: {where}: {'' if key == '-' else f'{key}: '}")
        assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SOUND + "#" * 2_000_000, "at most 1000000 bytes"),
        (SOUND + "description: " + "[" * 5000, "nested deeper than 24 levels"),
        (SOUND + "description: [" + "x, " * 200_000 + "x]", "values; shorten it"),
        (SOUND + "".join(f"k{i}: 1\n" for i in range(15_000)), "unknown key"),
        (SOUND + "a: &a {b: 1}\n" + "c: {" + ", ".join(["<<: *a"] * 12_000) + "}\n", "values"),
    ],
    ids=["huge", "deep", "long", "many-keys", "many-merges"],
)
def test_what_is_too_large_is_refused_soon(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(text, encoding="utf-8")
    assert any(words in line for line in complaints(path))


@pytest.mark.parametrize("name", ["", "nowhere", "\0", "a/b/c.yaml", "x" * 5000])
def test_a_space_that_is_nowhere_is_bad_input(name: str) -> None:
    result = CliRunner().invoke(app, ["--space", name])
    assert (result.exit_code, result.stderr.startswith("error: ")) == (2, True)


PROGRAM = """
import sys
from orchestration.cli.search import app
sys.argv = ["dmd-search", "--space", sys.argv[1]]
try:
    app()
except SystemExit as end:
    print(end.code, *sorted({name.split(".")[0] for name in sys.modules}))
"""
HEAVY = {"ray", "mlflow", "optuna", "matplotlib", "pandas", "sklearn", "scipy"}


@pytest.mark.parametrize(
    ("name", "kept_out"), [("unknown-method", HEAVY), ("syntax-unclosed-bracket", {*HEAVY, "torch"})]
)
def test_nothing_heavy_is_imported_before_a_space_is_sound(name: str, kept_out: set[str]) -> None:
    arguments = [sys.executable, "-c", PROGRAM, str(BROKEN / f"{name}.yaml")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    code, *modules = done.stdout.split()
    assert code == "2"
    assert kept_out.isdisjoint(modules)
    assert "Traceback" not in done.stderr


def test_the_schema_is_printed_without_a_space() -> None:
    result = CliRunner().invoke(app, ["--schema"])
    assert result.exit_code == 0
    assert result.stdout.startswith('{\n  "$schema"')
