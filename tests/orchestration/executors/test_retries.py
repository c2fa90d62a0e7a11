"""A trial may lose its workers twice by its own fault, and a node takes none of that with it."""

from __future__ import annotations

import pytest

from orchestration.executors.retries import MAX_NODE_LOSSES, RetryPolicy, WorkerFailure


def policy_after(*nodes: tuple[str, ...]) -> RetryPolicy:
    policy = RetryPolicy()
    for places in nodes:
        policy.add("t", WorkerFailure("gone", places))
    return policy


@pytest.mark.parametrize(
    ("nodes", "dead", "expected"),
    [
        ([("a",)] * 2, (), True),
        ([("a",)] * 3, (), False),
        ([()] * 3, ("a",), False),
        ([("a",), ("b",), ("c",)], ("c",), True),
        ([("a",), ("b",), ("c",), ("d",)], ("a",), False),
        ([("a", "b")] * 3, ("b",), True),
        ([("a",)] * MAX_NODE_LOSSES, ("a",), True),
        ([("a",)] * (MAX_NODE_LOSSES + 1), ("a",), False),
    ],
)
def test_losses_are_counted_by_whose_fault_they_are(nodes, dead, expected):
    assert policy_after(*nodes).may_retry("t", dead) is expected


def test_nodes_that_went_too_often_are_told_from_workers_that_died_too_often():
    assert policy_after(*[("a",)] * (MAX_NODE_LOSSES + 1)).lost_nodes_only("t", ("a",))
    assert not policy_after(*[("a",)] * 3).lost_nodes_only("t", ("b",))
    assert not policy_after(("a",), ("b",), ("b",), ("b",)).lost_nodes_only("t", ("a",))


def test_a_loss_is_judged_anew_when_its_node_turns_out_to_be_gone():
    policy = policy_after(("a",), ("a",), ("b",))
    assert not policy.may_retry("t", ())
    assert policy.may_retry("t", ("a",))
    assert policy.may_retry("other", ())
