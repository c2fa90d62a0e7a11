"""What is said of a default search, before a study and in its description: each method over its own distributions."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.planning.search_description import describe_search
from search_spaces.loading.load import load_text

SPACE = """\
study: defaults
data: {path: "planted:num_videos=9,clips_per_video=3"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1}
arms: {models: [{name: mult, width: 8, heads: 2, levels: 1, max_epochs: 1}, ridge, median]}
search: {parameters: default, trials: 2}
confirm: {seeds: 1}
"""


def test_each_method_is_told_with_its_own_distributions() -> None:
    planned = prepare(load_text(SPACE, describe_methods()), None).planned
    searches = {arm: set(search.parameters) for arm, search in planned.searches.items()}
    assert searches == {
        "dmd": {"gamma", "lambda1", "lambda2", "alpha", "learning_rate"},
        "mult": {"dropout.text", "dropout.embed", "dropout.output", "learning_rate"},
        "ridge": set(),
        "median": set(),
    }
    description = describe_search(planned)
    assert description["parameters"]["learning_rate"] == (
        "log-uniform in [0.0001, 0.001] (dmd); log-uniform in [0.0001, 0.003] (mult)"
    )
    assert description["parameters"]["alpha"] == "uniform in [0.02, 0.5]"
    assert description["distributions"]["learning_rate"] == {"log_uniform": [1e-4, 3e-3]}
    ranges = description["ranges"]
    assert {arm: set(found) for arm, found in ranges.items()} == {arm: searches[arm] for arm in ("dmd", "mult")}
    assert ranges["dmd"]["learning_rate"] == {"distribution": {"log_uniform": [1e-4, 1e-3]}, "least": 0.0, "most": 10.0}
    assert ranges["mult"]["dropout.text"]["least"] == 0.0


def test_early_stopping_is_recorded_and_foretold_in_words(tmp_path: Path) -> None:
    changed = ["search.scheduler={asha: {grace: 1, reduction: 2}}"]
    planned = prepare(load_text(SPACE, describe_methods(), changed), None).planned
    words = (
        "ASHA: the best half of trials passes each rung, the first after 1 epoch, the others at 2, 4, ... times that"
    )
    description = describe_search(planned)
    assert (description["scheduler"], description["stopping"]) == ("asha", words)
    estimate = estimate_study(planned, Capacity(1))
    assert f"early stopping: {words}" in DryRun(planned, estimate).as_text().splitlines()


def test_a_dry_run_says_what_is_searched_in_each_method_and_which_arms_are_not(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    arguments = ["--space", str(tmp_path / "space.yaml"), "--out", str(tmp_path / "runs"), "--dry-run"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert (
        "searched in mult: dropout.text uniform in [0, 0.5], dropout.embed uniform in [0, 0.5], "
        "dropout.output uniform in [0, 0.5], learning_rate log-uniform in [0.0001, 0.003]"
    ) in lines
    assert "not searched: ridge, as ridge declares no default distributions" in lines
    assert "not searched: median, as median declares no default distributions" in lines
    assert "trials: 4 search + 4 confirm = 8" in lines
