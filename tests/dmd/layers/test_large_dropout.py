"""Dropout of large tensors: the right share, the right scale, and a function of PyTorch's generator."""

from __future__ import annotations

import torch

from dmd.layers.large_dropout import LargeDropout
from dmd.random_streams import seeded_generators


def test_it_is_dropout_and_repeats_with_the_generator() -> None:
    x, layer = torch.ones(200, 500), LargeDropout(0.25)
    with seeded_generators(3):
        first, second = layer(x), layer(x)
    with seeded_generators(3):
        again = layer(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert set(first.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
    # a standard error of 0.0014
    assert abs((first == 0).float().mean().item() - 0.25) < 0.006
    assert torch.equal(layer.eval()(x), x)
