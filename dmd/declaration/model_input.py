"""What a plain module's ``forward`` is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.batch_sharing import BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.data.samples.arrays import Side
from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class ModelInput:
    """One mini-batch of ``B`` samples, by modality (``language``, ``audio``, ``vision``).

    Attributes:
        features: modality -> (B, T_m, D_m), zeros where padded; real steps first, unless the setting ``align`` says
            otherwise.
        lengths: modality -> (B,) int64, real steps; at least 1.
        masks: modality -> (B, T_m) bool, true at real steps.
        labels: (B,) in the unit that is trained in; None where none are to be seen (validation, test, prediction).
        rows: (B,) int64, the samples' numbers in the training part, for memories of them; None outside training.
        epoch: from 1; 0 outside training.
        phase: of the training step (:class:`~dmd.declaration.component.Phase`); empty for a method without phases.
        sharing: who has the other rows of the batch, where several workers train together.
        sides: modality -> the side that its real steps stand at.
    """

    features: Mapping[Modality, Tensor]
    lengths: Mapping[Modality, Tensor]
    masks: Mapping[Modality, Tensor]
    labels: Tensor | None
    rows: Tensor | None
    epoch: int
    phase: str
    sharing: BatchSharing
    sides: Mapping[Modality, Side]

    def __len__(self) -> int:
        return len(next(iter(self.lengths.values())))

    @property
    def device(self) -> torch.device:
        return next(iter(self.lengths.values())).device

    def sequence(self, modality: Modality) -> Sequence:
        """The features of one modality, and where its real steps are."""
        return Sequence(self.features[modality], self.lengths[modality], self.sides.get(modality, "start"))

    def gather(self, x: Tensor) -> Tensor:
        """``x`` (B, ...) of the whole batch: the same tensor unless several workers share it.

        A loss that compares rows with each other is right under ``workers: 2`` if it is computed on gathered rows.
        """
        return self.sharing.gather(x)


def model_input(batch: Batch) -> ModelInput:
    """The input that ``batch`` stands for."""
    masks = {m: batch.sequence(m).is_real for m in MODALITIES}
    return ModelInput(
        batch.features,
        batch.lengths,
        masks,
        batch.labels,
        batch.rows,
        batch.epoch,
        batch.phase,
        batch.sharing,
        batch.sides,
    )
