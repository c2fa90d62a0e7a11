"""Mini-batches of a part of the data, as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.samples.arrays import Side
from dmd.data.samples.mapped_rows import StoredRows, StoredTensor
from dmd.data.samples.samples import Inputs, Sequences
from dmd.layers.sequence import Sequence
from dmd.losses.task import SENTIMENT_TASK, Task
from dmd.modalities import MODALITIES, Modality
from dmd.random_streams import numpy_generator


@dataclass(frozen=True)
class Batch:
    """A mini-batch, or a whole part of the data.

    Attributes:
        features: modality -> (B, T_m, D_m), zeros where padded.
        lengths: modality -> (B,) real steps.
        labels: (B,) or (B, K), None at inference.
        sharing: the workers that have the other rows of the global batch; by default these ``B`` rows are all of it.
        sides: modality -> the side that its real steps stand at; ``start`` for one that is not named.
        rows: (B,) int64, the samples' numbers in the training part; None where nothing is trained.
        epoch: from 1; 0 where nothing is trained.
        phase: of the training step; empty for a method without phases.
        task: what is trained for.
        missing: modality -> (B,) True where it is missing and to be blank for the method; none where nothing is.
    """

    features: Mapping[Modality, Tensor]
    lengths: Mapping[Modality, Tensor]
    labels: Tensor | None
    sharing: BatchSharing = ALONE
    sides: Mapping[Modality, Side] = field(default_factory=dict)
    rows: Tensor | None = None
    epoch: int = 0
    phase: str = ""
    task: Task = SENTIMENT_TASK
    missing: Mapping[Modality, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.lengths.values())))

    @property
    def device(self) -> torch.device:
        return next(iter(self.lengths.values())).device

    def take(self, rows: Tensor | slice) -> Batch:
        """The batch of the given rows, in that order, complete in itself."""
        return replace(
            self,
            features={m: x[rows] for m, x in self.features.items()},
            lengths={m: n[rows] for m, n in self.lengths.items()},
            labels=None if self.labels is None else self.labels[rows],
            rows=None if self.rows is None else self.rows[rows],
            missing={m: is_missing[rows] for m, is_missing in self.missing.items()},
            sharing=ALONE,
        )

    def task_error(self, prediction: Tensor) -> Tensor:
        """This worker's share of the mean error of a prediction, (B,) or (B, K); labels must be there."""
        assert self.labels is not None
        return self.sharing.mean(self.task.errors(prediction, self.labels))

    def sequence(self, modality: Modality) -> Sequence:
        """The features of one modality, and where its real steps are."""
        return Sequence(self.features[modality], self.lengths[modality], self.sides.get(modality, "start"))


def whole_batch(inputs: Inputs, labels: npt.NDArray[np.float32] | None = None, device: str = "cpu") -> Batch:
    """All samples of a part as one batch.

    Features that are rows of a file stay there: a model is given batches taken from the part, never the part itself.

    Args:
        inputs: features of n samples.
        labels: (n,) or (n, K) in the unit of the file; None: without labels.
        device: that the tensors are put on.
    """
    return Batch(
        {m: _features(inputs.sequences[m], device) for m in MODALITIES},
        {m: torch.from_numpy(inputs.sequences[m].lengths).to(device) for m in MODALITIES},
        None if labels is None else torch.from_numpy(labels).to(device),
        sides={m: inputs.sequences[m].side for m in MODALITIES},
    )


def _features(part: Sequences, device: str) -> Tensor:
    if isinstance(part.values, StoredRows):
        # Stands for a tensor in a part, which is asked for nothing but rows.
        return cast(Tensor, StoredTensor(part.values, device))
    return torch.from_numpy(part.values).to(device)


def shuffled_rows(part: Batch, batch_size: int, seed: int, epoch: int) -> Many[Tensor]:
    """The rows of each batch of one epoch, in an order that only (seed, epoch) decide.

    Args:
        part: n samples.
        batch_size: rows per batch; the last batch may be smaller.
        seed: of the trial.
        epoch: from 1.

    Returns:
        Row numbers of each batch, (B,).
    """
    order = torch.from_numpy(numpy_generator(seed, "order", epoch).permutation(len(part)))
    return torch.split(order.to(part.device), batch_size)


def shuffled_batches(part: Batch, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch, in an order that only (seed, epoch) decide.

    Args:
        part: n samples.
        batch_size: rows per batch; the last batch may be smaller.
        seed: of the trial.
        epoch: from 1.
    """
    for rows in shuffled_rows(part, batch_size, seed, epoch):
        yield part.take(rows)


def ordered_batches(part: Batch, batch_size: int, rows: slice = slice(None)) -> Iterator[Batch]:
    """Samples in the order of the data; no more than a batch is copied at a time.

    Args:
        part: n samples.
        batch_size: rows per batch; the last batch may be smaller.
        rows: consecutive rows to take; by default all.
    """
    first, end, _ = rows.indices(len(part))
    for start in range(first, end, batch_size):
        yield part.take(torch.arange(start, min(start + batch_size, end)))
