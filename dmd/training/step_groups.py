"""Which mini-batches make one optimiser step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch, shuffled_rows
from dmd.errors import ConfigurationError
from dmd.training.config import Accumulation, TrainingConfig


def step_groups(batches: Sequence[Tensor], rule: Accumulation, smallest_batch: int = 1) -> Iterator[Sequence[Tensor]]:
    """Mini-batches by optimiser step; without ``flush_last`` an incomplete last group is dropped.

    Args:
        batches: the rows of each mini-batch of an epoch.
        rule: how many make a step.
        smallest_batch: rows that a mini-batch needs.
    """
    batches = join_small_rest(batches, smallest_batch)
    for start in range(0, len(batches), rule.steps):
        group = batches[start : start + rule.steps]
        if len(group) == rule.steps or rule.flush_last:
            yield group


def join_small_rest(batches: Sequence[Tensor], smallest: int) -> Sequence[Tensor]:
    """The rows of each batch of an epoch; a last batch of fewer than ``smallest`` rows joins the one before."""
    if len(batches) < 2 or len(batches[-1]) >= smallest:
        return batches
    return (*batches[:-2], torch.cat(list(batches[-2:])))


def endless_batches(part: Batch, batch_size: int, seed: int, smallest_batch: int) -> Iterator[Tensor]:
    """The rows of each mini-batch, epoch after epoch, as a trial of that seed goes through them."""
    epochs = (shuffled_rows(part, batch_size, seed, epoch) for epoch in itertools.count(1))
    return itertools.chain.from_iterable(join_small_rest(rows, smallest_batch) for rows in epochs)


def require_steps(config: TrainingConfig, num_items: int, smallest_batch: int = 1) -> None:
    """Refuse what would never make a step.

    Args:
        config: of the loop.
        num_items: of the training part.
        smallest_batch: rows that a step of the model needs.

    Raises:
        ConfigurationError: an accumulation drops every mini-batch, or no mini-batch has rows enough.
    """
    if min(config.batch_size, num_items) < smallest_batch:
        raise ConfigurationError(
            f"a step of this model needs {smallest_batch} samples, but batch_size is {config.batch_size} and there are "
            f"{num_items} training items; set batch_size to at least {smallest_batch}"
        )
    num_batches, rule = math.ceil(num_items / config.batch_size), config.accumulation
    if num_batches < rule.steps and not rule.flush_last:
        raise ConfigurationError(
            f"accumulation.steps is {rule.steps}, but an epoch has {num_batches} mini-batches ({num_items} training "
            "items) and accumulation.flush_last is false: no optimiser step would be done; lower accumulation.steps or "
            "batch_size, or set accumulation.flush_last to true"
        )
