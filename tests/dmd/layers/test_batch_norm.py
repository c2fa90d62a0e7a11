"""Batch norms that know padding, lone rows and shared batches: held against torch's on what is real."""

from __future__ import annotations

import torch
from torch import Tensor

from dmd.batch_sharing import ALONE
from dmd.layers.batch_norm import FeatureNorm, StepNorm
from dmd.layers.sequence import Sequence

WIDE = torch.Generator().manual_seed(0)


class Half:
    """One of two workers: what it sees of the other's rows."""

    num_workers = 2

    def __init__(self, others: list[Tensor]) -> None:
        self.others = others

    def num_rows(self, own: int) -> int:
        return 2 * own

    def mean(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def total(self, count: Tensor) -> Tensor:
        raise NotImplementedError

    def gather(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.others.pop(0)])


def test_a_lone_row_takes_the_running_statistics_and_leaves_them() -> None:
    norm = FeatureNorm(3)
    norm(torch.randn(8, 3, generator=WIDE), ALONE)
    row, mean, var = torch.randn(1, 3), norm.running_mean.clone(), norm.running_var.clone()
    in_training = norm(row, ALONE)
    assert torch.equal(norm.running_mean, mean)
    torch.testing.assert_close(in_training, (row - mean) / (var + 1e-5).sqrt())
    torch.testing.assert_close(norm.eval()(row, ALONE), in_training)


def test_two_workers_normalise_over_the_whole_batch() -> None:
    x = torch.randn(6, 3, generator=WIDE)
    alone, halves = FeatureNorm(3), FeatureNorm(3)
    whole = alone(x, ALONE)
    torch.testing.assert_close(halves(x[:3], Half([x[3:]])), whole[:3])
    torch.testing.assert_close(halves.running_var, alone.running_var)
    torch.testing.assert_close(halves.running_mean, alone.running_mean)


def test_steps_are_normalised_as_torch_does_where_nothing_is_padded() -> None:
    x = torch.randn(5, 4, 7, generator=WIDE)
    ours, reference = StepNorm(4), torch.nn.BatchNorm1d(4)
    given = Sequence(x, torch.full((5,), 4))
    torch.testing.assert_close(ours(given, ALONE).steps, reference(x))
    torch.testing.assert_close(ours.running_var, reference.running_var)
    torch.testing.assert_close(ours.eval()(given, ALONE).steps, reference.eval()(x))


def test_each_step_counts_from_the_end_and_padding_counts_nowhere() -> None:
    """Two rows of 2 and 1 real steps: the last steps are one channel, the one before is a channel of its own."""
    steps = torch.tensor([[[1.0, 3.0], [5.0, 7.0]], [[9.0, 11.0], [100.0, 100.0]]])
    norm = StepNorm(3)
    found = norm(Sequence(steps, torch.tensor([2, 1])), ALONE).steps
    # last steps: 5, 7, 9, 11 (mean 8, variance 5); the step before: 1, 3 (mean 2, variance 1)
    expected = torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5
    torch.testing.assert_close(torch.cat([found[0, 1], found[1, 0]]), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(found[0, 0], torch.tensor([-1.0, 1.0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(norm.running_mean, torch.tensor([0.0, 0.2, 0.8]))
