"""A whole small study through the command line: real Ray, real MLflow, real training on planted data."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dmd.modalities import MODALITIES
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import LedgerState, fold_events
from reports.records.details import details_in
from tests.orchestration.command_line import SEARCH, command, errors_in, run, write_space
from tests.orchestration.mlflow_store import Store

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

NUM_ARMS, NUM_CELLS, NUM_SEEDS, NUM_SEARCHED = 4, 3, 2, 2


def state_in(study: Path) -> LedgerState:
    path = study / LEDGER_FILE
    return fold_events(event for event, _ in read_events(path)) if path.exists() else LedgerState()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A study that has run to its end: its directory, its space, what the command printed."""
    root = tmp_path_factory.mktemp("main")
    space = write_space(root, SEARCH)
    done = run("dmd-search", "--space", str(space), "--out", str(root / "runs"))
    assert done.returncode == 0, done.stderr
    return root / "runs" / "small", space, done.stdout


def test_every_planned_trial_has_one_record(finished: tuple[Path, Path, str]) -> None:
    records = state_in(finished[0]).records()
    confirm = [r for r in records if r.stage == "confirm"]
    assert len([r for r in records if r.stage == "search"]) == NUM_CELLS * NUM_SEARCHED
    assert len(confirm) == NUM_ARMS * NUM_CELLS * NUM_SEEDS
    assert {r.status for r in records} == {"completed"}
    assert all(r.test is None and r.predictions is None for r in records if r.stage == "search")
    assert all(r.test is not None and r.predictions is not None for r in confirm)


def test_arms_inherit_the_winner_of_their_own_fold(finished: tuple[Path, Path, str]) -> None:
    records = state_in(finished[0]).records()
    for fold in range(NUM_CELLS):
        tried = [r for r in records if r.stage == "search" and r.fold == fold]
        winner = min(tried, key=lambda r: r.valid["mae"])
        here = [r for r in records if r.stage == "confirm" and r.fold == fold]
        for record in here:
            if record.arm == "ridge":
                assert record.parameters == {}
            else:
                assert record.settings["learning_rate"] == winner.parameters["learning_rate"]
        by_arm = {r.arm: r.parameters for r in here}
        assert "lambda1" in by_arm["no-hetero_gd"]
        assert "lambda1" not in by_arm["none"]


def test_details_of_confirm_trials_lie_beside_the_ledger(finished: tuple[Path, Path, str]) -> None:
    read = details_in(finished[0] / "artifacts")
    features = {f"{kind}/{m}" for kind in ("common", "exclusive") for m in MODALITIES}
    homo = {"edges/homo", *(f"heads/homo_{m}" for m in MODALITIES)}
    hetero = {"edges/hetero", *(f"heads/hetero_{m}" for m in MODALITIES)}
    expected = {"full": features | homo | hetero | {"heads/common"}, "no-hetero_gd": features | homo | {"heads/common"}}
    seen = set()
    for record in state_in(finished[0]).records():
        shown = read(record.trial_id)
        if record.stage == "search" or record.arm not in expected:
            assert shown is None
            continue
        assert shown is not None
        assert record.predictions is not None
        assert set(shown) == expected[record.arm]
        assert {len(values) for values in shown.values()} == {len(record.predictions.ids)}
        for name, values in shown.items():
            if name.startswith("edges/"):
                assert values.sum(-1) == pytest.approx(1.0, abs=1e-5)
        seen.add(record.arm)
    assert seen == set(expected)


def test_mlflow_has_one_run_per_trial_under_one_parent(finished: tuple[Path, Path, str]) -> None:
    store = Store(finished[0], study="small")
    records = {r.trial_id: r for r in state_in(finished[0]).records()}
    assert len(store.parents) == 1
    assert sorted(run.data.tags["trial_id"] for run in store.trials.values()) == sorted(records)
    for child in store.trials.values():
        record = records[child.data.tags["trial_id"]]
        assert child.data.tags["status"] == "completed"
        assert ("test/mae" in child.data.metrics) == (record.stage == "confirm")
        if record.test is not None:
            assert child.data.metrics["test/mae"] == pytest.approx(record.test["mae"])


def test_report_and_tables_are_there(finished: tuple[Path, Path, str]) -> None:
    study, _, printed = finished
    report = (study / "report.md").read_text()
    assert "w/o HeteroGD" in report
    assert "ridge" in report
    assert f"report: {study / 'report.md'}" in printed
    assert (study / "tables" / "ablation.csv").exists()
    page = (study / "report.html").read_text()
    assert page.count("<svg") >= 5
    store = Store(study, study="small")
    attached = {item.path for item in store.client.list_artifacts(store.parents[0].info.run_id)}
    assert {"report.md", "report.html", "tables", "figures"} <= attached


def test_the_same_command_again_repeats_nothing(finished: tuple[Path, Path, str]) -> None:
    study, space, _ = finished
    before, report = state_in(study), (study / "report.md").read_bytes()
    num_runs = len(Store(study, study="small").trials)
    again = run("dmd-search", "--space", str(space), "--out", str(study.parent), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["num_completed"] == len(before.ended)
    assert state_in(study).ended == before.ended
    assert (study / "report.md").read_bytes() == report
    assert len(Store(study, study="small").trials) == num_runs


def test_dmd_report_gives_the_same_bytes(finished: tuple[Path, Path, str]) -> None:
    study = finished[0]
    report = (study / "report.md").read_bytes()
    (study / "report.md").unlink()
    assert run("dmd-report", str(study)).returncode == 0
    assert (study / "report.md").read_bytes() == report


def test_a_changed_space_is_refused_and_more_seeds_are_welcome(finished: tuple[Path, Path, str]) -> None:
    study, space, _ = finished
    arguments = ["--space", str(space), "--out", str(study.parent)]
    changed = run("dmd-search", *arguments, "--set", "model.width=16")
    assert changed.returncode == 2
    assert "width was 8, is 16 in full" in changed.stderr
    assert len(errors_in(changed.stderr)) == 1
    more = run("dmd-search", *arguments, "--set", "confirm.seeds=3", "--json")
    assert more.returncode == 0, more.stderr
    assert json.loads(more.stdout)["num_completed"] == NUM_CELLS * (NUM_SEARCHED + NUM_ARMS * 3)


def test_killed_and_continued_gives_the_tables_of_the_undisturbed_study(tmp_path: Path) -> None:
    space = write_space(tmp_path)  # a list of trials: nothing depends on the order of arrival
    whole = run("dmd-search", "--space", str(space), "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    study = tmp_path / "killed" / "small"
    arguments = command("dmd-search", "--space", str(space), "--out", str(tmp_path / "killed"))
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(state_in(study).ended) < 5:
        assert process.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    told = dict(state_in(study).ended)
    assert 5 <= len(told) < NUM_ARMS * NUM_CELLS * NUM_SEEDS

    continued = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert continued.returncode == 0, continued.stderr
    after = state_in(study)
    assert {trial_id: after.ended[trial_id] for trial_id in told} == told
    store = Store(study, study="small")
    assert sorted(run.data.tags["trial_id"] for run in store.trials.values()) == sorted(after.ended)
    for table in ("ablation.csv", "contrasts.csv", "methods.csv"):
        undisturbed = tmp_path / "whole" / "small" / "tables" / table
        assert (study / "tables" / table).read_bytes() == undisturbed.read_bytes(), table


def test_ray_and_inline_give_the_same_numbers(finished: tuple[Path, Path, str], tmp_path: Path) -> None:
    """The same search with one worker, proposed and trained in this process without Ray."""
    space = write_space(tmp_path, SEARCH)
    arguments = ["--space", str(space), "--set", "resources.max_concurrent=1", "--json"]
    for executor in ("ray", "inline"):
        done = run("dmd-search", *arguments, "--out", str(tmp_path / executor), "--executor", executor)
        assert done.returncode == 0, done.stderr
    by_ray, inline = (
        {
            r.trial_id: (r.valid, r.test, [p.metrics for p in r.epochs])
            for r in state_in(tmp_path / e / "small").records()
        }
        for e in ("ray", "inline")
    )
    assert len(inline) == NUM_CELLS * (NUM_SEARCHED + NUM_ARMS * NUM_SEEDS)
    assert by_ray == inline
    shown, shown_inline = (
        {path.stem: details_in(path.parent)(path.stem) for path in (tmp_path / e / "small" / "artifacts").glob("*.npz")}
        for e in ("ray", "inline")
    )
    assert len(shown) == NUM_CELLS * NUM_SEEDS * 2
    assert shown.keys() == shown_inline.keys()
    for trial_id, details in shown.items():
        assert {n: v.tobytes() for n, v in details.items()} == {
            n: v.tobytes() for n, v in shown_inline[trial_id].items()
        }
