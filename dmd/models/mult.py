"""The Multimodal Transformer (Tsai et al., ACL 2019), alone and with a GD-Unit (Table 5 of the DMD paper).

Shapes: B batch, d common width, T'_m steps of modality m after the temporal projection, K names of the target.

Each modality is reinforced by the two others; the last steps are joined and the target predicted from them. Without
crossmodal attention each has a self-attention encoder of its own, whose vector is widened to the same shape. With GD,
three linear heads give each reinforced feature a logit of its own, and one GD-Unit distils between them, as DMD's
HeteroGD does on the same kind of features: its modules, terms and details bear the names that they have in DMD.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout, no_dropout
from dmd.layers.gd_unit import GDOutput, GDUnit
from dmd.layers.heads import HeadOutput, LinearHead, ResidualHead
from dmd.modalities import MODALITIES, Modality
from dmd.models.branches import CrossmodalAttention, WithoutCrossmodalAttention
from dmd.models.gd_settings import OFFICIAL_PRIOR_HETERO, gd_config
from dmd.models.model import Model, Outputs
from dmd.models.mult_config import MulTConfig
from dmd.models.projection import TemporalProjection

Vectors = Mapping[Modality, Tensor]


class MulT(Model):
    """Projection, six crossmodal and three memory encoders, a residual block over their last steps."""

    lambda2: Tensor

    def __init__(self, config: MulTConfig, dims: Dims) -> None:
        super().__init__()
        self.config = config
        d, columns = config.width, dims.target.prediction_columns
        self.register_buffer("lambda2", torch.tensor(config.lambda2), persistent=False)
        self.projection = TemporalProjection(
            dims, config.kernels, d, masks_padding=config.mask_padding, recurrent=config.recurrent
        )
        steps = self.projection.steps
        self.crossmodal_attention = CrossmodalAttention(config, steps) if config.ca else None
        self.without_ca = None if config.ca else WithoutCrossmodalAttention(config, steps, encodes=True)
        self.fusion = ResidualHead(6 * d, 6 * d, columns)
        has_heads = config.gd or config.keep_aux_heads
        self.hetero_heads = None
        if has_heads:
            self.hetero_heads = nn.ModuleDict({m: LinearHead(2 * d, columns) for m in MODALITIES})
        unit = config.gd_unit
        gd = gd_config(unit, OFFICIAL_PRIOR_HETERO, unit.representation)
        self.hetero_gd = GDUnit(2 * d, unit.size, gd, dims.target) if config.gd else None

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The prediction; with labels also the loss, L_task + lambda2 L_dtl, and its terms."""
        reinforced = self._reinforce(batch, dropout)
        joined = torch.cat([reinforced[m] for m in MODALITIES], dim=-1)
        final = self.fusion(joined, self.config.dropout.output, dropout, "fusion")
        if batch.labels is None:
            return Outputs(final.logit)
        heads = self._heads(reinforced)
        read = {"final": final}
        if self.config.task_heads == "all":
            read |= {f"hetero_{m}": head for m, head in heads.items()}
        terms = {f"task/{name}": batch.task_error(head.logit) for name, head in read.items()}
        total = torch.stack(list(terms.values())).sum()
        distilled = self._distil(heads, batch.sharing)
        if distilled is not None:
            total = total + self.lambda2 * torch.stack(list(distilled.terms.values())).sum()
            terms |= {f"dtl/hetero/{name}": term for name, term in distilled.terms.items()}
        return Outputs(final.logit, total, terms)

    def inspect(self, batch: Batch) -> Mapping[str, Tensor]:
        """``edges/hetero``: (B, 6), in the order of ``EDGES``; ``heads/hetero_<m>``: (B,) or (B, K). Where built."""
        heads = self._heads(self._reinforce(batch, no_dropout))
        distilled = self._distil(heads)
        shown = {f"heads/hetero_{m}": head.logit for m, head in heads.items()}
        return shown if distilled is None else {"edges/hetero": distilled.edges, **shown}

    def constants(self) -> Mapping[str, Tensor]:
        """``prior/hetero``: (6,), where a prior is on."""
        unit = self.hetero_gd
        return {"prior/hetero": unit.prior} if unit is not None and unit.has_prior else {}

    def _reinforce(self, batch: Batch, dropout: Dropout) -> Vectors:
        """Modality -> (B, 2d)."""
        projected = self.projection(batch, self.config.dropout.text, dropout)
        reinforced: Vectors
        if self.crossmodal_attention is not None:
            reinforced = self.crossmodal_attention(projected, dropout)
        else:
            assert self.without_ca is not None
            reinforced = self.without_ca(projected, None, dropout)
        return reinforced

    def _heads(self, reinforced: Vectors) -> Mapping[Modality, HeadOutput]:
        """One linear logit per modality; empty without heads."""
        if self.hetero_heads is None:
            return {}
        return {m: self.hetero_heads[m](z) for m, z in reinforced.items()}

    def _distil(self, heads: Mapping[Modality, HeadOutput], sharing: BatchSharing = ALONE) -> GDOutput | None:
        if self.hetero_gd is None:
            return None
        output: GDOutput = self.hetero_gd(heads, {m: head.residual for m, head in heads.items()}, sharing)
        return output
