"""The loss and its terms over an epoch."""

from __future__ import annotations

import math
from collections import Counter

import torch
from torch import Tensor

from dmd.errors import TrainingDiverged
from dmd.models.model import Outputs
from dmd.training.distributed.team import Team


class TermSums:
    """Sums over the items of an epoch, kept on the device; each term over the items that have it."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._num_items: Counter[str] = Counter()

    def add(self, outputs: Outputs, size: int) -> None:
        """Add a mini-batch of ``size`` items, all workers together."""
        assert outputs.loss is not None
        for name, value in {"loss": outputs.loss, **outputs.terms}.items():
            self._sums[name] = self._sums.get(name, torch.zeros((), device=value.device)) + value.detach() * size
            self._num_items[name] += size

    def means(self, team: Team, epoch: int) -> dict[str, float]:
        """``train/<term>``: the workers' shares summed, and averaged over the items.

        Raises TrainingDiverged, naming ``epoch``, where one is not finite.
        """
        totals = team.sum(torch.stack(list(self._sums.values()))).tolist() if self._sums else []
        means = {f"train/{name}": total / self._num_items[name] for name, total in zip(self._sums, totals, strict=True)}
        for name, mean in means.items():
            if not math.isfinite(mean):
                raise TrainingDiverged(epoch, name)
        return means
