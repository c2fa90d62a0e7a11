"""Where the real steps of a sequence are, and how it is moved and shortened."""

from __future__ import annotations

import torch

from dmd.layers.sequence import Sequence, longest


def test_steps_that_are_padding_in_every_row_are_cut() -> None:
    x = Sequence(torch.tensor([[9, 9, 1, 2, 3], [9, 9, 9, 4, 5]]).unsqueeze(-1), torch.tensor([3, 2]), "end")
    assert x.shortened_to("end").steps.squeeze(-1).tolist() == [[1, 2, 3], [9, 4, 5]]
    assert x.shortened_to("start").steps.squeeze(-1).tolist() == [[1, 2, 3], [4, 5, 9]]


def test_a_sequence_without_common_padding_keeps_every_step() -> None:
    x = Sequence(torch.arange(6.0).view(2, 3, 1), torch.tensor([3, 1]))
    for side in ("start", "end"):
        assert x.shortened_to(side).num_steps == 3  # type: ignore[arg-type]


def test_lengths_on_a_device_are_not_read() -> None:
    assert longest(torch.tensor([2, 4]), 7) == 4
    assert longest(torch.tensor([2, 4], device="meta"), 7) == 7
