"""Steps of other modalities, cut into a stretch for each word."""

from __future__ import annotations

import torch

from dmd.layers.sequence import Sequence
from dmd.layers.sub_words import steps_of_words


def stretches(num_steps: int, num_words: int) -> list[list[int]]:
    """The numbers of the steps in each word's stretch."""
    x = Sequence(torch.arange(num_steps, dtype=torch.float32).view(1, -1, 1), torch.tensor([num_steps]))
    cut = steps_of_words(x, torch.tensor([num_words]), num_words)
    return [row[:length, 0].int().tolist() for row, length in zip(cut.steps, cut.lengths, strict=True)]


def test_seven_steps_of_three_words() -> None:
    assert stretches(7, 3) == [[0, 1], [2, 3], [4, 5, 6]]


def test_as_many_steps_as_words_are_one_each() -> None:
    assert stretches(4, 4) == [[0], [1], [2], [3]]


def test_words_share_steps_where_there_are_fewer() -> None:
    assert stretches(2, 5) == [[0], [0], [0], [1], [1]]


def test_every_step_belongs_to_a_word_and_padding_to_none() -> None:
    steps = torch.tensor([[1.0, 2, 3, 9, 9], [9, 4, 5, 6, 7]]).unsqueeze(-1)
    for side, x in [("start", steps), ("end", steps.flip(1))]:
        lengths = torch.tensor([3, 5])
        cut = steps_of_words(Sequence(x, lengths, side), torch.tensor([2, 2]), 2)  # type: ignore[arg-type]
        read = [row[:n, 0].int().tolist() for row, n in zip(cut.steps, cut.lengths, strict=True)]
        expected = [[1], [2, 3], [9, 4], [5, 6, 7]] if side == "start" else [[3], [2, 1], [7, 6], [5, 4, 9]]
        assert read == expected
