"""``dmd-search --export-config``: the chosen configuration as a space that runs, and gives the same trials."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.finished_study.chosen import choose_configuration, find_arm
from orchestration.ledger.recorded_study import read_directory
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from reports.records.run_record import RunRecord
from search_spaces.design.plan import plan_confirm_trials
from search_spaces.loading.load import load
from tests.orchestration.command_line import records_in
from tests.orchestration.finished_study.small_study import run_search


def space_beside(study: Path) -> Path:
    return study.parent.parent / "space.yaml"


def confirmed(study: Path, arm: str) -> list[RunRecord]:
    return [r for r in records_in(study).values() if (r.arm, r.stage) == (arm, "confirm")]


@pytest.mark.parametrize("arm", ["lf_lstm", "ridge", "control"])
def test_the_exported_space_plans_the_trials_that_the_arm_ran(finished: Path, arm: str) -> None:
    path = Path(run_search(space_beside(finished), "--export-config", arm, "--fold", "1").strip())
    planned = prepare(load(path, describe_methods()), None).planned
    here = planned.cells[1]
    trials = plan_confirm_trials(planned.arms[0], [{}], planned.seeds, here, planned.context)
    ran = {r.seed: dict(r.settings) for r in confirmed(finished, arm) if r.fold == 1}
    assert len(ran) == 2
    assert {trial.seed: dict(trial.settings) for trial in trials} == ran


def test_the_exported_space_passes_the_dry_run(finished: Path) -> None:
    path = run_search(space_beside(finished), "--export-config", "lf_lstm").strip()
    assert path == str(finished / "configurations" / "lf_lstm.yaml")
    assert json.loads(run_search(Path(path), "--dry-run", "--json"))["num_trials"] == 6


def test_of_a_grid_the_best_mean_over_the_folds_is_exported_and_the_comment_says_so(finished: Path) -> None:
    found: dict[object, list[float]] = {}
    for r in records_in(finished).values():
        if r.stage == "search":
            found.setdefault(r.settings["learning_rate"], []).append(r.valid["mae"])
    assert [len(values) for values in found.values()] == [3, 3]
    rate, mean = min(((rate, sum(values) / 3) for rate, values in found.items()), key=lambda pair: pair[1])
    path = Path(run_search(space_beside(finished), "--export-config", "lf_lstm").strip())
    text = path.read_text()
    assert f"learning_rate: {rate}\n" in text
    folds = sorted(r.fold or 0 for r in confirmed(finished, "lf_lstm") if r.settings["learning_rate"] == rate)[::2]
    if len(folds) == 3:
        assert f"# Chosen by all folds (fold 0, fold 1, fold 2); valid/mae {mean:.6g}" in text
    else:
        assert f"# The best mean over the 3 folds, on each of which it was tried; valid/mae {mean:.6g}" in text
        assert all(f"fold {fold}" in text for fold in folds)


def test_the_exported_space_says_what_its_scores_are_worth_and_what_to_type_next(finished: Path) -> None:
    path = Path(run_search(space_beside(finished), "--export-config", "lf_lstm").strip())
    text, space = path.read_text(), load(path, describe_methods())
    assert "chosen with all clips of these data: its scores on them are not held-out scores" in str(space.description)
    line = next(line for line in text.splitlines() if line.startswith("# Train it (3 folds x 2 seeds = 6 models): "))
    words = shlex.split(line.partition(": ")[2])
    assert words[:3] == ["dmd-search", "--space", str(path)]
    assert Path(words[words.index("--out") + 1]) == finished.parent
    assert f"dmd-predict {finished.parent / space.study} FILE --out predictions.csv" in text
    one_fold = Path(run_search(space_beside(finished), "--export-config", "lf_lstm", "--fold", "1").strip())
    assert "only its scores on fold 1 are of clips" in str(load(one_fold, describe_methods()).description)
    assert json.loads(run_search(path, "--set", "data.folds=null", "--dry-run", "--json"))["num_trials"] == 2


def test_a_running_study_gives_the_best_so_far_and_says_so(finished: Path) -> None:
    study = read_directory(finished)
    so_far = [r for r in study.records if r.stage == "search" and r.fold == 0]
    running = type(study)(study.origin, study.manifest, tuple(so_far), study.read_details)
    chosen = choose_configuration(running, find_arm(running))
    assert (chosen.is_final, chosen.score) == (False, min(r.valid["mae"] for r in so_far))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--export-config", "rdge"], "no arm 'rdge'; did you mean 'ridge'"),
        (["--export-config", "ridge", "--fold", "9"], "arm ridge, fold 9: no trial has completed yet"),
        (["--export-config", "ridge", "--dry-run"], "--export-config runs nothing: leave --dry-run out"),
        (["--fold", "1"], "add --export-config ARM"),
    ],
)
def test_what_cannot_be_exported_is_refused_by_one_line(finished: Path, options: list[str], line: str) -> None:
    arguments = ["--space", str(space_beside(finished)), "--out", str(finished.parent), *options]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert line in done.stderr
