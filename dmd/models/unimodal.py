"""One modality alone (Table 4 of the DMD paper): projection, self-attention encoder, last step, linear layer.

With FD (the second reading of that table): the same model on common features X^com, with an exclusive encoder and a
decoder beside them and L_rec + L_cyc + gamma L_ort. The margin loss needs other modalities and is absent. What is
encoded and predicted from has the same width either way, so the two differ in decoupling and in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout, no_dropout
from dmd.layers.heads import LinearHead
from dmd.layers.pooling import pool_steps
from dmd.layers.sequence import Sequence
from dmd.losses.decoupling import orthogonality, squared_distance
from dmd.models.branches import SelfAttention
from dmd.models.model import Model, Outputs
from dmd.models.projection import TemporalProjection
from dmd.models.unimodal_config import UnimodalConfig


class Unimodal(Model):
    """One modality alone, with or without decoupling."""

    gamma: Tensor
    lambda1: Tensor

    def __init__(self, config: UnimodalConfig, dims: Dims) -> None:
        super().__init__()
        self.config = config
        self.reads = (config.modality,)
        d = config.width
        for name in ("gamma", "lambda1"):
            self.register_buffer(name, torch.tensor(getattr(config, name)), persistent=False)
        kernels = {config.modality: config.kernels[config.modality]}
        self.projection = TemporalProjection(
            dims, kernels, d, masks_padding=config.mask_padding, recurrent=config.recurrent
        )
        self.decoupling = SingleDecoupling(config) if config.fd else None
        self.common_attention = SelfAttention(config, self.projection.steps)
        self.head = LinearHead(d, dims.target.prediction_columns)

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The prediction; with labels also L_task, with FD + lambda1 (L_rec + L_cyc + gamma L_ort)."""
        projected = self.projection(batch, self.config.dropout.text, dropout)[self.config.modality]
        encoded = projected if self.decoupling is None else self.decoupling(projected)
        pooled = self.common_attention({self.config.modality: encoded}, dropout, "common_attention")
        prediction = self.head(pooled[self.config.modality]).logit
        if batch.labels is None:
            return Outputs(prediction)
        task = batch.task_error(prediction)
        if self.decoupling is None:
            return Outputs(prediction, task, {"task/final": task})
        terms = self.decoupling.terms(projected, batch.sharing)
        total = task + self.lambda1 * (terms["rec"] + terms["cyc"] + self.gamma * terms["ort"])
        return Outputs(prediction, total, {"task/final": task, **terms})

    def inspect(self, batch: Batch) -> Mapping[str, Tensor]:
        """With FD ``common/<m>`` and ``exclusive/<m>``: (B, d), averaged over real steps."""
        if self.decoupling is None:
            return {}
        projected = self.projection(batch, 0.0, no_dropout)[self.config.modality]
        parts = {"common": self.decoupling.common, "exclusive": self.decoupling.exclusive}
        return {
            f"{name}/{self.config.modality}": pool_steps(projected.with_steps(encoder(projected.steps)), "mean_valid")
            for name, encoder in parts.items()
        }


class SingleDecoupling(nn.Module):
    """E^com, E^prt and D of one modality (Eqs. 1 to 3 and 5), linear per time step."""

    def __init__(self, config: UnimodalConfig) -> None:
        super().__init__()
        d = config.width
        self.config = config
        self.common = nn.Linear(d, d, bias=False)
        self.exclusive = nn.Linear(d, d, bias=False)
        self.decoder = nn.Linear(2 * d, d, bias=False)

    def forward(self, projected: Sequence) -> Sequence:
        """X^com (Eq. 1)."""
        return projected.with_steps(self.common(projected.steps))

    def terms(self, projected: Sequence, sharing: BatchSharing = ALONE) -> dict[str, Tensor]:
        """``rec`` (Eq. 2), ``cyc`` (Eq. 3) and ``ort`` (Eq. 5), unweighted."""
        x, config = projected.steps, self.config
        real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        if config.mask_padding:
            real = projected.is_real
        common, exclusive = self.common(x), self.exclusive(x)
        decoded = self.decoder(torch.cat([exclusive, common], dim=-1))
        return {
            "rec": squared_distance(x, decoded, real, config.recon.reduction, sharing),
            "cyc": squared_distance(exclusive, self.exclusive(decoded), real, config.recon.reduction, sharing),
            "ort": orthogonality(common, exclusive, real, config.ort.form, config.ort.axis, sharing),
        }
