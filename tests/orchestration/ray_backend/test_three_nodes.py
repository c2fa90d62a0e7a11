"""A cluster that loses a node and gains one in mid-study: trials go on elsewhere, nothing is lost or doubled."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from ray.cluster_utils import Cluster

from orchestration.executors.protocol import Resources
from orchestration.executors.retries import MAX_RETRIES
from orchestration.ledger.ledger import Ledger
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.toy_runner import error_of, make_trial
from tests.orchestration.toy_studies import listed, run_toy, state_of, toy_of

NUM_TRIALS, NUM_EPOCHS = 16, 4


@pytest.fixture
def cluster():
    """A head node that trains nothing, and two nodes with room for one trial each."""
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield nodes
    finally:
        nodes.shutdown()


@pytest.mark.long
def test_a_node_is_killed_and_another_joins(cluster, tmp_path):
    nodes = [cluster.add_node(num_cpus=1, resources={"here": 1}) for _ in range(2)]
    trials = [make_trial(seed, epochs=NUM_EPOCHS) for seed in range(NUM_TRIALS)]
    seen = Counter()

    def on_event(event):
        seen[event.kind] += 1
        if event.kind == "tell" and seen["tell"] == 3:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
        if event.kind == "tell" and seen["tell"] == 6:
            nodes.append(cluster.add_node(num_cpus=1, resources={"here": 1}))

    executor = RayTuneExecutor(Resources(custom={"here": 1}), address=cluster.address)
    began = time.monotonic()
    outcome = run_toy(tmp_path, listed(trials), executor, epoch_s=1.0, on_event=on_event)
    assert time.monotonic() - began < 400
    records = state_of(tmp_path).records()
    assert [record.error for record in records if record.error] == []
    assert (outcome.num_completed, outcome.is_interrupted) == (NUM_TRIALS, False)
    assert Counter(record.trial_id for record in records) == Counter(trial.id for trial in trials)
    by_id = {record.trial_id: record for record in records}
    for trial in trials:
        assert by_id[trial.id].test == {"mae": error_of(trial, NUM_EPOCHS) + 1}
    assert max(record.attempts for record in records) == 2, "the trial of the killed node went on elsewhere"
    assert set(toy_of(tmp_path).count("end").values()) == {1}
    with Ledger(tmp_path) as ledger:
        reported = Counter((event.trial_id, event.data["epoch"]) for event in ledger.events() if event.kind == "report")
    assert len(reported) == NUM_TRIALS * NUM_EPOCHS
    assert set(reported.values()) == {1}
    workers = toy_of(tmp_path).processes("begin")
    assert len(workers) >= 3, "the node that joined trains, too"


@pytest.mark.long
def test_nodes_that_go_cost_their_trial_none_of_its_own_retries(cluster, tmp_path):
    nodes, trial = [cluster.add_node(num_cpus=1, resources={"here": 1})], make_trial(0, epochs=6)

    def on_event(event):
        if event.kind == "report" and event.data["epoch"] <= MAX_RETRIES + 1:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            nodes.append(cluster.add_node(num_cpus=1, resources={"here": 1}))

    executor = RayTuneExecutor(Resources(custom={"here": 1}), address=cluster.address)
    outcome = run_toy(tmp_path, listed([trial]), executor, epoch_s=0.5, on_event=on_event)
    assert (outcome.num_completed, outcome.num_failed) == (1, 0)
    (record,) = state_of(tmp_path).records()
    assert (record.attempts, record.num_epochs) == (MAX_RETRIES + 2, 6)
