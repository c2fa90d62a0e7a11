"""A study with an arm of other code: a record like any other, beside training that it does not touch."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dmd.data.formats.load import open_dataset
from dmd.job import FoldRef
from dmd.metrics.sentiment import compute_metrics
from orchestration.cli.data import app
from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, prepare
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from search_spaces.loading.load import load_text
from tests.orchestration.mlflow_store import Store

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

DATA = "planted:num_videos=15,clips_per_video=10,label_noise=0.1,language_noise=0.1,interaction=0.0"
SPACE = f"""\
study: beside
data: {{path: "{DATA}", folds: {{by: video, k: 3}}}}
model: {{name: ridge}}
confirm: {{seeds: 2}}
"""
SEEDS = (7, 8, 9)


def write_predictions(path: Path, offset: float = 0.0) -> dict[tuple[int, int], np.ndarray]:
    """A file of poor predictions for every fold, better than a constant and worse than ridge.

    (seed, fold) -> predictions in the order of the data.
    """
    dataset = open_dataset(DATA)
    labels = dict(zip(dataset.ids, dataset._labels.tolist(), strict=True))
    generator = np.random.default_rng(0)
    made = {}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "seed", "fold", "prediction"])
        for seed in SEEDS:
            for fold in range(3):
                ids = dataset.ids_of_parts(FoldRef("group", 3, 1, 0, 0, fold))["test"]
                halved = np.array([labels[item] / 2 for item in ids])
                made[seed, fold] = (halved + 0.6 * generator.normal(size=len(ids)) + offset).astype(np.float32)
                writer.writerows(
                    (item, seed, fold, value) for item, value in zip(ids, made[seed, fold].tolist(), strict=True)
                )
    return made


def prepared(external: Path | None) -> Prepared:
    arms = "" if external is None else f"arms: {{external: [{{arm: theirs, path: {external}}}]}}\n"
    return prepare(load_text(SPACE + arms, describe_methods()), None)


def run(directory: Path, external: Path | None) -> list[RunRecord]:
    options = LaunchOptions(executor="inline", is_quiet=True)
    outcome = launch(prepared(external), StudyDirectory(directory), options)
    assert (outcome.num_failed, outcome.undelivered) == (0, None)
    events = (event for event, _ in read_events(directory / LEDGER_FILE))
    return list(fold_events(events).records())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[tuple[int, int], np.ndarray]]:
    """A finished study without the arm, its predictions, and the study again with it."""
    root = tmp_path_factory.mktemp("external")
    made = write_predictions(root / "theirs.csv")
    first = run(root / "runs", None)
    assert {record.arm for record in first} == {"ridge"}
    again = run(root / "runs", root / "theirs.csv")
    trained = [(record.trial_id, record.duration_s) for record in again if record.arm == "ridge"]
    assert trained == [(record.trial_id, record.duration_s) for record in first]
    return root / "runs", root / "theirs.csv", made


def records_of(directory: Path) -> list[RunRecord]:
    events = (event for event, _ in read_events(directory / LEDGER_FILE))
    return [record for record in fold_events(events).records() if record.arm == "theirs"]


def test_each_seed_and_fold_is_one_scored_confirm_trial(
    study: tuple[Path, Path, dict[tuple[int, int], np.ndarray]],
) -> None:
    records = records_of(study[0])
    assert {(record.seed, record.fold) for record in records} == set(study[2])
    dataset = open_dataset(DATA)
    for record in records:
        assert record.fold is not None
        assert record.predictions is not None
        assert record.test is not None
        assert (record.stage, record.status, record.model) == ("confirm", "completed", "external")
        assert (record.duration_s, record.num_epochs, record.attempts, record.device) == (0.0, 0, 0, "none")
        np.testing.assert_array_equal(record.predictions.values, study[2][record.seed, record.fold])
        assert record.test == compute_metrics(record.predictions.values, record.predictions.labels, dataset.scale)
        assert record.fallback_test is not None


def test_the_report_compares_it_with_the_baseline_as_independent_runs(
    study: tuple[Path, Path, dict[tuple[int, int], np.ndarray]],
) -> None:
    report = rebuild_report(StudyDirectory(study[0])).path.read_text()
    verdict, _ = [line for line in report.splitlines() if line.startswith("1. method (ridge - theirs)")]
    assert "ridge is better" in verdict
    assert "predictions of other code, 3 seeds" in report
    assert "Predictions of other code (theirs): scored here once" in report
    with (study[0] / "tables" / "cost.csv").open() as file:
        assert {row["arm"] for row in csv.DictReader(file)} == {"ridge"}
    with (study[0] / "tables" / "runs.csv").open() as file:
        states = [row["state"] for row in csv.DictReader(file) if row["arm"] == "theirs"]
    assert states == ["completed"] * 9


def test_mlflow_has_a_run_for_each(study: tuple[Path, Path, dict[tuple[int, int], np.ndarray]]) -> None:
    store = Store(study[0], study="beside")
    runs = [store.trials[record.trial_id] for record in records_of(study[0])]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("predictions" in run.data.params for run in runs)


def test_running_again_scores_nothing_again(study: tuple[Path, Path, dict[tuple[int, int], np.ndarray]]) -> None:
    before = (study[0] / LEDGER_FILE).read_bytes()
    run(study[0], study[1])
    added = (study[0] / LEDGER_FILE).read_bytes()[len(before) :].splitlines()
    assert len(added) == 1
    assert b'"kind":"start"' in added[0]


def test_other_predictions_under_the_same_name_are_refused(
    study: tuple[Path, Path, dict[tuple[int, int], np.ndarray]], tmp_path: Path
) -> None:
    write_predictions(tmp_path / "better.csv", offset=1.0)
    with pytest.raises(UsageError, match="external predictions of theirs was"):
        run(study[0], tmp_path / "better.csv")
    with pytest.raises(UsageError, match="external predictions of theirs was"):
        run(study[0], None)


def test_a_crash_between_asking_and_scoring_is_made_up_for(tmp_path: Path) -> None:
    write_predictions(tmp_path / "theirs.csv")
    run(tmp_path / "runs", tmp_path / "theirs.csv")
    ledger = tmp_path / "runs" / LEDGER_FILE
    lines = ledger.read_bytes().splitlines(keepends=True)
    assert b'"kind":"ask"' in lines[1]
    ledger.write_bytes(b"".join(lines[:2]))
    (tmp_path / "runs" / "tracking.json").unlink()
    assert len([record for record in run(tmp_path / "runs", tmp_path / "theirs.csv") if record.arm == "theirs"]) == 9


def test_a_dry_run_reads_and_counts_it(tmp_path: Path) -> None:
    write_predictions(tmp_path / "theirs.csv")
    planned = prepared(tmp_path / "theirs.csv").planned
    text = DryRun(planned, estimate_study(planned, Capacity(1))).as_text()
    assert f"theirs: predictions of {tmp_path / 'theirs.csv'}, 3 seeds, nothing to train" in text
    assert planned.size.num_trials == 6
    assert planned.num_trials == 15


def test_other_code_can_see_the_folds_that_it_has_to_predict(tmp_path: Path) -> None:
    space = tmp_path / "beside.yaml"
    space.write_text(SPACE)
    shown = CliRunner().invoke(app, ["folds", "--space", str(space)])
    assert shown.exit_code == 0
    rows = list(csv.DictReader(shown.stdout.splitlines()))
    dataset = open_dataset(DATA)
    assert len(rows) == 3 * len(dataset)
    for fold in range(3):
        for part, ids in dataset.ids_of_parts(FoldRef("group", 3, 1, 0, 0, fold)).items():
            here = [row for row in rows if (row["fold"], row["part"]) == (str(fold), part)]
            assert tuple(row["id"] for row in here) == ids
    assert CliRunner().invoke(app, ["folds", "--space", str(tmp_path / "absent.yaml")]).exit_code == 2
