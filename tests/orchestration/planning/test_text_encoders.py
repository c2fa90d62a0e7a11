"""Text through a BERT as a user asks for it: what decides a study, and bad input as one line before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from reports.records.details import details_in
from search_spaces.loading.load import load
from tests.dmd.berts import save_tiny_bert

SPACE = """\
study: text
data: {path: "planted:num_videos=9,clips_per_video=3", folds: {by: video, k: 3}}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1, gd.size_homo: 4}
arms:
  models:
    - name: dmd
      arm: with-bert
      width: 8
      heads: 2
      levels: 1
      max_epochs: 1
      gd.size_homo: 4
      text: bert_ids
      bert: {path: BERT, learning_rate: 1.0e-4}
confirm: {seeds: 1}
"""


def write_space(folder: Path, bert: str) -> Path:
    path = folder / "text.yaml"
    path.write_text(SPACE.replace("BERT", bert))
    return path


def search(space: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and the lines on stderr of one run in this process."""
    runs = str(space.parent / "runs")
    done = CliRunner().invoke(
        app, ["--space", str(space), "--out", runs, "--executor", "inline", "--quiet", *arguments]
    )
    return done.exit_code, [line for line in done.stderr.splitlines() if line]


def test_a_study_compares_features_with_bert_and_knows_its_weights(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path / "files" / "tiny")
    beside = ("--data-dir", str(tmp_path / "files"))
    space = write_space(tmp_path, "tiny")
    code, lines = search(space, *beside)
    assert (code, lines) == (0, [])
    study = tmp_path / "runs" / "text"
    records = fold_events(event for event, _ in read_events(study / LEDGER_FILE)).records()
    assert [sum(r.arm == arm for r in records) for arm in ("dmd", "with-bert")] == [3, 3]
    scores = {arm: sorted(r.test["mae"] for r in records if r.arm == arm and r.test) for arm in ("dmd", "with-bert")}
    assert scores["dmd"] != scores["with-bert"]
    shown = details_in(study / "artifacts")(next(r.trial_id for r in records if r.arm == "with-bert"))
    assert shown is not None
    assert "edges/homo" in shown
    assert "with modules bert" in (study / "report.md").read_text()

    # the same directory with other weights is another study, as other data would be
    save_tiny_bert(tmp_path / "files" / "tiny", seed=1)
    code, lines = search(space, *beside)
    assert code == 2
    assert len(lines) == 1
    assert "this study was started differently, and trials of it would change: bert.path tiny was" in lines[0]


def test_ids_of_trials_rest_on_weights_where_token_ids_are_read_and_nowhere_else(tmp_path: Path) -> None:
    def context(*overrides: str) -> str:
        return prepare(load(write_space(tmp_path, "tiny"), describe_methods(), overrides), tmp_path).planned.context

    save_tiny_bert(tmp_path / "tiny")
    first, again = context(), context()
    bare = "arms.models=[ridge]"
    without = context(bare)
    save_tiny_bert(tmp_path / "tiny", seed=1)
    assert first == again
    assert context() != first
    assert context(bare) == without


@pytest.mark.parametrize(
    ("given", "override", "line"),
    [
        ("nothing", "", "error: bert.path: no directory './bert' here; give one"),
        ("empty directory", "", "has no config.json"),
        ("model", "model.heads=3", "heads must divide width, got heads=3 and width=8"),
        ("model", "model.width=9", "width must be even (sinusoidal positions come in pairs), got 9"),
        ("model", "model.bert.learning_rate=-1", "must be at least 0, got -1"),
        ("model", "model.bert.path=7", "must be a text, got 7"),
        ("model", "model.text=glove", "must be one of features, bert_ids, got 'glove'"),
        ("model", "data.path=mosi_absent.npz", "mosi_absent.npz"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, override: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if given == "empty directory":
        (tmp_path / "bert").mkdir()
    elif given == "model":
        save_tiny_bert(tmp_path / "bert")
    code, lines = search(write_space(tmp_path, "./bert"), *(["--set", override] if override else []))
    assert code == 2
    assert len([found for found in lines if line in found]) == 1, lines
    assert all(found.startswith("error: ") for found in lines)
    assert not (tmp_path / "runs").exists()


def test_every_bert_that_a_search_may_choose_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_tiny_bert(tmp_path / "bert")
    space = write_space(tmp_path, "./bert")
    space.write_text(space.read_text().replace("      bert: {path: ./bert, learning_rate: 1.0e-4}\n", ""))
    choice = "search: {parameters: {bert.path: {choice: [./bert, ./absent]}}, trials: 2}\n"
    space.write_text(space.read_text() + choice)
    code, lines = search(space)
    assert code == 2
    assert lines == [
        "error: bert.path: no directory './absent' here; give one that holds config.json and model.safetensors"
    ]


def test_a_bert_that_nothing_reads_is_said_before_anything_starts(tmp_path: Path) -> None:
    space = tmp_path / "idle.yaml"
    space.write_text(
        "study: idle\ndata: {path: 'planted:num_videos=6,clips_per_video=4', folds: {by: video, k: 3}}\n"
        "model: {name: dmd, width: 8, heads: 2, levels: 1, bert: {path: somewhere}}\nconfirm: {seeds: 1}\n"
    )
    code, lines = search(space)
    assert code == 2
    assert len(lines) == 1
    assert "bert.path: has no effect" in lines[0]
