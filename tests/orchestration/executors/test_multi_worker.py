"""One trial on several processes: every way that one of them can go is an ending, or a retry, and leaves nothing."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dmd.data.formats.declared import UNDECLARED
from dmd.job import WorkerRank
from orchestration.driver.driver import StudyPlan
from orchestration.executors.dmd_runner import DmdRunner, FoldPlan
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Executor, Resources
from orchestration.ledger.ledger import Ledger
from orchestration.ray_backend.cluster import ray_cluster
from orchestration.ray_backend.executor import RayTuneExecutor
from orchestration.run_study import run_study
from search_spaces.terms.trial import Cell, Trial
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY, listed, run_toy, state_of, toy_of

EXECUTORS = ["inline", "ray"]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with ray_cluster(None, num_cpus=1):
        yield


def make_executor(name: str) -> Executor:
    return InlineExecutor(2) if name == "inline" else RayTuneExecutor(Resources(cpu=0.5, workers=2))


def run(directory, trials, executor, **options):
    outcome = run_toy(directory, listed(trials), make_executor(executor), **options)
    return outcome, {record.trial_id: record for record in state_of(directory).records()}


def is_alive(process: str) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    # A process that has ended and that nobody has asked for yet is gone, too.
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until_gone(processes: set[str], patience_s: float = 20) -> set[str]:
    """Those of ``processes`` that still live after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    while (alive := {process for process in processes if is_alive(process)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_of_any_worker_is_the_ending_and_not_retried(tmp_path, executor, rank):
    trials = [make_trial(1, raises_at=2, misbehaves=rank), make_trial(2, diverges_at=1, misbehaves=rank), make_trial(3)]
    outcome, records = run(tmp_path, trials, executor)
    assert (outcome.num_completed, outcome.num_failed) == (1, 2)
    assert "the toy is broken" in records[trials[0].id].error
    assert records[trials[1].id].error == "loss became non-finite in epoch 1"
    assert set(toy_of(tmp_path).count("begin").values()) == {1}
    assert len(toy_of(tmp_path).processes("open")) == 2, "the workers live on after a trial that failed"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_worker_that_dies_costs_an_attempt_and_no_epoch(tmp_path, executor):
    trials = [
        make_trial(1, epochs=4, dies_at=3, misbehaves=1),
        make_trial(2),
        make_trial(3, dies_at=1, deaths=9, misbehaves=1),
    ]
    outcome, records = run(tmp_path, trials, executor)
    assert (outcome.num_completed, outcome.num_failed) == (2, 1)
    survivor, _, victim = (records[trial.id] for trial in trials)
    assert (survivor.attempts, survivor.num_epochs, survivor.status) == (2, 4, "completed")
    assert set(toy_of(tmp_path).count("epoch").values()) == {1}, "epochs before the death are not computed again"
    assert (victim.attempts, victim.status) == (3, "failed")
    assert "the worker was lost in each of 3 attempts" in victim.error
    assert "worker 1 of 2 was lost" in victim.error


@pytest.mark.parametrize("executor", EXECUTORS)
def test_nothing_is_left_after_deaths_and_endings(tmp_path, executor):
    deaths = [
        make_trial(rank, epochs=3, dies_at=2, misbehaves=rank) for rank in ((1,) if executor == "inline" else (0, 1))
    ]
    outcome, _ = run(tmp_path, [*deaths, make_trial(7)], executor)
    assert outcome.num_failed == 0
    processes = toy_of(tmp_path).processes("open") - {str(os.getpid())}
    assert len(processes) >= 2
    assert wait_until_gone(processes) == set()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_ctrl_c_leaves_no_worker_and_the_study_goes_on(tmp_path, executor):
    def on_event(event):
        if event.kind == "report" and event.data["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGINT)

    trials = [make_trial(1, epochs=6), make_trial(2)]
    outcome, _ = run(tmp_path, trials, executor, epoch_s=0.1, on_event=on_event)
    assert outcome.is_interrupted
    assert wait_until_gone(toy_of(tmp_path).processes("open") - {str(os.getpid())}) == set()
    outcome, records = run(tmp_path, trials, executor)
    assert (outcome.num_completed, outcome.is_interrupted) == (2, False)
    assert sorted(record.num_epochs for record in records.values()) == [3, 6]


DMD = {"width": 8, "heads": 2, "levels": 1, "gd.size_homo": 4, "max_epochs": 4, "patience": 4, "batch_size": 5}


@dataclass(frozen=True)
class NotingRunner(DmdRunner):
    """The real runner; every worker leaves its process id in a file that bears its rank."""

    notes: Path = Path()

    def open(self, provider=None):
        run_trial = super().open()

        def noting(trial, on_epoch, checkpoint_directory, worker=WorkerRank()):  # noqa: B008
            (self.notes / str(worker.rank)).write_text(str(os.getpid()))
            return run_trial(trial, on_epoch, checkpoint_directory, worker)

        return noting


def train_dmd(directory: Path, executor: str, killed_after: int | None = None):
    """The record of one confirm trial of DMD; killed_after: the epoch after which the second worker is killed."""
    directory.mkdir()
    runner = NotingRunner(
        "planted:num_videos=9,clips_per_video=5",
        None,
        UNDECLARED,
        FoldPlan("official"),
        "cpu",
        1,
        notes=directory,
    )
    trial = Trial("full", "dmd", "confirm", DMD, {}, 3, Cell(), "context")

    def on_event(event):
        if event.kind == "report" and event.data["epoch"] == killed_after:
            os.kill(int((directory / "1").read_text()), signal.SIGKILL)

    plan = StudyPlan(STUDY, listed([trial]), checkpoints=directory / "checkpoints")
    with Ledger(directory) as ledger:
        outcome = run_study(plan, make_executor(executor), runner, ledger, on_event=on_event)
        assert outcome.num_completed == 1
        reports = [event.data["epoch"] for event in ledger.events() if event.kind == "report"]
    assert reports == [1, 2, 3, 4], "each epoch is recorded once"
    (record,) = state_of(directory).records()
    return record


def numbers_of(record):
    return record.epochs, record.valid, record.test, record.best_epoch, record.predictions.values.tolist()


def test_a_killed_worker_changes_no_number_whatever_the_executor(tmp_path):
    whole = train_dmd(tmp_path / "whole", "inline")
    assert whole.attempts == 1
    assert len(whole.predictions.values) == whole.num_test > 0
    for executor in EXECUTORS:
        killed = train_dmd(tmp_path / executor, executor, killed_after=2)
        assert killed.attempts == 2
        assert numbers_of(killed) == numbers_of(whole)
        processes = {(tmp_path / executor / str(rank)).read_text() for rank in (0, 1)}
        assert wait_until_gone(processes - {str(os.getpid())}) == set()
