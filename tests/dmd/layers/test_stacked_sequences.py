"""Sequences joined in time, and beside each other."""

from __future__ import annotations

import torch

from dmd.layers.sequence import Sequence
from dmd.layers.stacked_sequences import join_in_time, stack, with_positions


def some(values: list[list[float]], lengths: list[int]) -> Sequence:
    return Sequence(torch.tensor(values).unsqueeze(-1), torch.tensor(lengths))


def test_real_steps_of_all_come_first_in_the_order_given() -> None:
    joined = join_in_time([some([[1, 2, 9], [3, 9, 9]], [2, 1]), some([[4, 9], [5, 6]], [1, 2])])
    assert joined.lengths.tolist() == [3, 3]
    assert joined.steps[:, :3, 0].tolist() == [[1, 2, 4], [3, 5, 6]]


def test_a_stack_is_as_long_as_its_longest_and_says_what_is_real() -> None:
    stacked = stack([some([[1, 2, 3]], [3]), some([[4, 9]], [1])])
    assert stacked.steps.shape == (2, 1, 3, 1)
    assert stacked.is_real.tolist() == [[[True, True, True]], [[True, False, False]]]
    assert stacked.unstack()[1].lengths.tolist() == [1]


def test_positions_begin_at_the_first_real_step() -> None:
    table = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    x = Sequence(torch.tensor([[[7.0, 7, 7, 7], [1, 1, 1, 1]]]), torch.tensor([1]), "end")
    placed = with_positions(x, table)
    assert placed.side == "start"
    assert placed.steps.tolist() == [[[3.0, 4.0, 5.0, 6.0], [0.0, 0.0, 0.0, 0.0]]]
