"""A trial may lose its workers twice by its own fault, and a node takes none of that with it."""

from __future__ import annotations

import pytest

from orchestration.executors.retries import MAX_NODE_LOSSES, Loss, Losses


def losses_of(*nodes: tuple[str, ...]) -> Losses:
    losses = Losses()
    for places in nodes:
        losses.add("t", Loss("gone", places))
    return losses


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
    assert losses_of(*nodes).may_go_on("t", dead) is expected


def test_nodes_that_went_too_often_are_told_from_workers_that_died_too_often():
    assert losses_of(*[("a",)] * (MAX_NODE_LOSSES + 1)).is_fault_of_nodes("t", ("a",))
    assert not losses_of(*[("a",)] * 3).is_fault_of_nodes("t", ("b",))
    assert not losses_of(("a",), ("b",), ("b",), ("b",)).is_fault_of_nodes("t", ("a",))


def test_a_loss_is_judged_anew_when_its_node_turns_out_to_be_gone():
    losses = losses_of(("a",), ("a",), ("b",))
    assert not losses.may_go_on("t", ())
    assert losses.may_go_on("t", ("a",))
    assert losses.may_go_on("other", ())
