"""Inline and Ray Tune give the same numbers; Ray uses what the resources allow and survives its workers."""

from __future__ import annotations

import os
import signal
import time

import pytest

from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Resources
from orchestration.process.errors import ResourcesUnavailable
from orchestration.ray_backend.capacity import count_slots
from orchestration.ray_backend.cluster import ray_cluster
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.executors.executor_contract import ExecutorContract
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import listed, run_toy, searched, state_of, toy_of


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with ray_cluster(None, num_cpus=2, custom={"toy_device": 3}):
        yield


class TestInline(ExecutorContract):
    def make_executor(self):
        return InlineExecutor()


class TestRayTune(ExecutorContract):
    def make_executor(self):
        return RayTuneExecutor(Resources(cpu=2))


class TestInlineWithTwoWorkers(ExecutorContract):
    num_workers = 2

    def make_executor(self):
        return InlineExecutor(2)


class TestRayTuneWithTwoWorkers(ExecutorContract):
    num_workers = 2

    def make_executor(self):
        return RayTuneExecutor(Resources(cpu=1, workers=2))


def most_at_once(directory) -> int:
    """The largest number of trials between their first and last line of the toy's log."""
    lines = [line.split() for line in toy_of(directory).log.read_text().splitlines()]
    running, most = set(), 0
    for what, trial_id, *_ in lines:
        if what == "begin":
            running.add(trial_id)
            most = max(most, len(running))
        elif what == "end":
            running.discard(trial_id)
    return most


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(cpu=1), 2),
        (Resources(cpu=0.5, custom={"toy_device": 1}), 3),
    ],
)
def test_as_many_trials_run_at_once_as_the_resources_allow(tmp_path, resources, expected):
    trials = [make_trial(seed) for seed in range(8)]
    assert count_slots(resources) == expected
    outcome = run_toy(tmp_path, listed(trials), RayTuneExecutor(resources), epoch_s=0.15)
    assert outcome.num_completed == 8
    assert most_at_once(tmp_path) == expected
    assert len(toy_of(tmp_path).processes("open")) == expected, "workers live on from trial to trial"


@pytest.mark.parametrize(
    ("resources", "slots"),
    [
        (Resources(cpu=0.1, custom={"toy_device": 1 / 3}), 9),
        (Resources(cpu=1, gpu=0.5), 0),
        (Resources(cpu=1, workers=3), 0),
        (Resources(cpu=0.5, custom={"toy_device": 1.5}), 2),
        (Resources(cpu=0.25, workers=4), 2),
    ],
)
def test_slots_by_hand(resources, slots):
    assert count_slots(resources) == slots


def test_resources_that_no_node_has_are_refused_at_once(tmp_path):
    with pytest.raises(
        ResourcesUnavailable, match=r"one trial needs 1 x \(CPU 1, GPU 2\), the cluster has CPU 2, GPU 0"
    ):
        run_toy(tmp_path, listed([make_trial()]), RayTuneExecutor(Resources(gpu=2)))


def test_workers_that_wait_for_a_search_to_end_train_what_follows(tmp_path):
    outcome = run_toy(tmp_path, searched(2, num_seeds=4), RayTuneExecutor(Resources(cpu=1)), epoch_s=0.2)
    assert outcome.num_completed == 6
    assert len(toy_of(tmp_path).processes("begin")) == 2


def test_a_dead_worker_is_replaced_and_its_trial_goes_on_from_its_checkpoint(tmp_path):
    trials = [make_trial(1, epochs=4, dies_at=3), make_trial(2, epochs=4), make_trial(3, dies_at=1, deaths=9)]
    outcome = run_toy(tmp_path, listed(trials), RayTuneExecutor(Resources()))
    assert (outcome.num_completed, outcome.num_failed) == (2, 1)
    records = {record.trial_id: record for record in state_of(tmp_path).records()}
    survivor, _, victim = (records[trial.id] for trial in trials)
    assert (survivor.attempts, survivor.num_epochs, survivor.status) == (2, 4, "completed")
    assert set(toy_of(tmp_path).count("epoch").values()) == {1}, "epochs before the death are not computed again"
    assert (victim.attempts, victim.status) == (3, "failed")
    assert "the worker was lost in each of 3 attempts" in (victim.error or "")


def test_a_worker_that_dies_between_two_trials_costs_the_next_one_a_try(tmp_path):
    trials = [make_trial(1), make_trial(2)]

    def on_event(event):
        if event.kind == "tell" and event.trial_id == trials[0].id:
            for process in toy_of(tmp_path).processes("begin"):
                os.kill(int(process), signal.SIGKILL)

    outcome = run_toy(tmp_path, listed(trials), RayTuneExecutor(Resources(cpu=2)), on_event=on_event)
    assert (outcome.num_completed, outcome.num_failed) == (2, 0)
    assert sorted(record.attempts for record in state_of(tmp_path).records()) == [1, 2]


def test_ctrl_c_stops_ray_within_seconds_and_the_study_goes_on(tmp_path):
    trials = [make_trial(seed, epochs=3) for seed in range(4)]

    def on_event(event):
        if event.kind == "report" and event.data["epoch"] == 2 and not asked_at:
            os.kill(os.getpid(), signal.SIGINT)

            asked_at.append(time.monotonic())

    asked_at: list[float] = []
    outcome = run_toy(tmp_path, listed(trials), RayTuneExecutor(Resources()), epoch_s=0.3, on_event=on_event)
    assert outcome.is_interrupted
    assert time.monotonic() - asked_at[0] < 10
    assert 1 <= len(state_of(tmp_path).running) <= 2
    outcome = run_toy(tmp_path, listed(trials), RayTuneExecutor(Resources()))
    assert (outcome.num_completed, outcome.is_interrupted) == (4, False)
    assert all(record.num_epochs == 3 for record in state_of(tmp_path).records())
