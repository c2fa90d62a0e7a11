"""Decoupled Multimodal Distilling (Li, Wang and Cui, CVPR 2023): the whole model, component by component.

Shapes: B batch, d common width, T'_m steps of modality m after the temporal projection, K names of the target.

A switched-off component is not built: it has no parameters, no loss terms and costs nothing. What stands in its place
is written where it is built. Without FD there is one stream per modality, given to both branches.

Of one number every head gives (B,), of classes, answers or several numbers (B, K). What is distilled and what counts as
one class follows from the kind (:mod:`dmd.losses.distillation`, :mod:`dmd.losses.margin`).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout, no_dropout
from dmd.layers.gd_unit import GDOutput, GDUnit
from dmd.layers.heads import HeadOutput, ResidualHead, run_heads
from dmd.layers.pooling import pool_steps
from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES, Modality
from dmd.models.branches import CrossmodalAttention, SelfAttention, WithoutCrossmodalAttention
from dmd.models.decoupling import Decoupled, FeatureDecoupling
from dmd.models.dmd_config import DMDConfig
from dmd.models.gd_settings import OFFICIAL_PRIOR_HETERO, OFFICIAL_PRIOR_HOMO, gd_config
from dmd.models.model import Model, Outputs
from dmd.models.projection import TemporalProjection

Vectors = Mapping[Modality, Tensor]


@dataclass(frozen=True)
class Representations:
    """What the branches make of a batch.

    Attributes:
        projected: modality -> X_m, (B, T'_m, d).
        parts: common and exclusive features of each modality; the same stream twice without FD.
        reinforced: modality -> Z_m, (B, 2d).
        common: the pooled common features side by side, (B, 3d).
    """

    projected: Mapping[Modality, Sequence]
    parts: Decoupled
    reinforced: Vectors
    common: Tensor


@dataclass(frozen=True)
class Auxiliary:
    """Every head beside the final one, by name, and the output of each GD-Unit that is built (``homo``, ``hetero``)."""

    heads: Mapping[str, HeadOutput]
    distilled: Mapping[str, GDOutput]


class DMD(Model):
    """Projection, decoupling, homogeneous and heterogeneous branches with their GD-Units, gated fusion.

    Attributes:
        gamma, lambda1, lambda2: (), weights of the losses (Eqs. 6 and 11).
        alpha: (), the margin of Eq. 4.
    """

    gamma: Tensor
    lambda1: Tensor
    lambda2: Tensor
    alpha: Tensor

    def __init__(self, config: DMDConfig, dims: Dims) -> None:
        super().__init__()
        self.config = config
        self.target = dims.target
        d, columns = config.width, dims.target.prediction_columns
        # values, not constants: trials that differ only here have equal shapes
        for name in ("gamma", "lambda1", "lambda2", "alpha"):
            self.register_buffer(name, torch.tensor(getattr(config, name)), persistent=False)

        self.projection = TemporalProjection(
            dims, config.kernels, d, masks_padding=config.mask_padding, recurrent=config.recurrent
        )
        steps = self.projection.steps
        self.decoupling = FeatureDecoupling(config, steps, dims.target.kind) if config.fd else None
        self.common_attention = SelfAttention(config, steps)
        self.crossmodal_attention = CrossmodalAttention(config, steps) if config.ca else None
        self.without_ca = None
        if not config.ca:
            encodes = config.fd and config.ca_off == "self_attention"
            self.without_ca = WithoutCrossmodalAttention(config, steps, encodes)
        self.gates = nn.ModuleDict({m: nn.Linear(2 * d, 2 * d) for m in MODALITIES})
        self.common_gate = nn.Linear(3 * d, 3 * d)
        self.fusion = ResidualHead(9 * d, 9 * d, columns)

        has_homo_heads = config.fd and (config.homo_gd or config.keep_aux_heads)
        has_hetero_heads = config.hetero_gd or config.keep_aux_heads
        self.homo_heads = _heads({m: (d * steps[m], d) for m in MODALITIES}, columns) if has_homo_heads else None
        self.hetero_heads = _heads(dict.fromkeys(MODALITIES, (2 * d, 2 * d)), columns) if has_hetero_heads else None
        self.common_head = ResidualHead(3 * d, 3 * d, columns) if config.fd or config.keep_aux_heads else None
        self.homo_gd = self._gd_unit(d, config.gd.size_homo, "homo") if config.homo_gd else None
        self.hetero_gd = self._gd_unit(2 * d, config.gd.size_hetero, "hetero") if config.hetero_gd else None

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The final head's prediction; with labels also the loss of Eq. 11 and its terms."""
        represented = self._represent(batch, dropout)
        inputs = {"fusion": self._gated(represented.reinforced, represented.common)}
        if batch.labels is not None:
            inputs |= self._auxiliary_inputs(represented)
        heads = self._run_heads(inputs, dropout)
        final = heads.pop("fusion")
        if batch.labels is None:
            return Outputs(final.logit)
        sharing = batch.sharing
        auxiliary = self._auxiliary(heads, sharing)
        terms = self._task_and_distillation(batch, final, auxiliary)
        if self.decoupling is not None:
            terms |= self.decoupling.terms(represented.projected, represented.parts, batch.labels, self.alpha, sharing)
        return Outputs(final.logit, self._total(terms), terms)

    def inspect(self, batch: Batch) -> Mapping[str, Tensor]:
        """Names of what exists only, modalities as <m>.

        ``edges/homo``, ``edges/hetero``: (B, 6), in the order of ``EDGES``. ``common/<m>``, ``exclusive/<m>``: (B, d),
        X^com and X^prt averaged over real steps. ``heads/<head>``: (B,) or (B, K), what the auxiliary heads give.
        """
        represented = self._represent(batch, no_dropout)
        auxiliary = self._auxiliary(self._run_heads(self._auxiliary_inputs(represented), no_dropout))
        shown = {f"edges/{unit}": output.edges for unit, output in auxiliary.distilled.items()}
        if self.decoupling is not None:
            for kind, sequences in (("common", represented.parts.common), ("exclusive", represented.parts.exclusive)):
                shown |= {f"{kind}/{m}": pool_steps(x, "mean_valid") for m, x in sequences.items()}
        return shown | {f"heads/{name}": head.logit for name, head in auxiliary.heads.items()}

    def constants(self) -> Mapping[str, Tensor]:
        """``prior/homo``, ``prior/hetero``: (6,), where a prior is on."""
        units = {"homo": self.homo_gd, "hetero": self.hetero_gd}
        return {f"prior/{name}": unit.prior for name, unit in units.items() if unit is not None and unit.has_prior}

    def _represent(self, batch: Batch, dropout: Dropout) -> Representations:
        """Everything that predictions, losses and inspection start from."""
        projected = self.projection(batch, self.config.dropout.text, dropout)
        parts = self.decoupling(projected) if self.decoupling is not None else Decoupled(projected, projected)
        pooled = self.common_attention(parts.common, dropout, "common_attention")
        if self.crossmodal_attention is not None:
            reinforced = self.crossmodal_attention(parts.exclusive, dropout)
        else:
            assert self.without_ca is not None
            # without FD the one stream of a modality has been encoded already (Table 3 row 6)
            reinforced = self.without_ca(parts.exclusive, None if self.config.fd else pooled, dropout)
        common = torch.cat([pooled[m] for m in MODALITIES], dim=-1)
        return Representations(projected, parts, reinforced, common)

    def _auxiliary_inputs(self, represented: Representations) -> dict[str, Tensor]:
        """What each head beside the final one looks at, (B, its width)."""
        inputs = {"common": represented.common} if self.common_head is not None else {}
        if self.homo_heads is not None:
            inputs |= {f"homo_{m}": x.steps.flatten(1) for m, x in represented.parts.common.items()}
        if self.hetero_heads is not None:
            inputs |= {f"hetero_{m}": x for m, x in represented.reinforced.items()}
        return inputs

    def _run_heads(self, inputs: Mapping[str, Tensor], dropout: Dropout) -> dict[str, HeadOutput]:
        """The heads that have an input."""
        heads: dict[str, nn.Module | None] = {"fusion": self.fusion, "common": self.common_head}
        for branch, of_branch in (("homo", self.homo_heads), ("hetero", self.hetero_heads)):
            heads |= {f"{branch}_{m}": head for m, head in (of_branch or {}).items()}
        asked = {name: cast(ResidualHead, heads[name]) for name in inputs}
        return run_heads(asked, inputs, self.config.dropout.output, dropout)

    def _auxiliary(self, heads: Mapping[str, HeadOutput], sharing: BatchSharing = ALONE) -> Auxiliary:
        distilled: dict[str, GDOutput] = {}
        if self.homo_gd is not None:
            homo = {m: heads[f"homo_{m}"] for m in MODALITIES}
            distilled["homo"] = self.homo_gd(homo, {m: head.hidden for m, head in homo.items()}, sharing)
        if self.hetero_gd is not None:
            hetero = {m: heads[f"hetero_{m}"] for m in MODALITIES}
            distilled["hetero"] = self.hetero_gd(hetero, {m: head.residual for m, head in hetero.items()}, sharing)
        return Auxiliary(heads, distilled)

    def _gated(self, reinforced: Vectors, common: Tensor) -> Tensor:
        """The fusion input, (B, 9d): each feature times its sigmoid gate, or the gate itself as published."""
        features = [*(reinforced[m] for m in MODALITIES), common]
        gates = [*(self.gates[m](reinforced[m]).sigmoid() for m in MODALITIES), self.common_gate(common).sigmoid()]
        if self.config.gate == "replace":
            return torch.cat(gates, dim=-1)
        return torch.cat([gate * feature for gate, feature in zip(gates, features, strict=True)], dim=-1)

    def _task_and_distillation(self, batch: Batch, final: HeadOutput, auxiliary: Auxiliary) -> dict[str, Tensor]:
        """The error of every head that is read, ``task/<head>``, and the terms of both units, ``dtl/<unit>/<term>``."""
        read = {"final": final} | (dict(auxiliary.heads) if self.config.task_heads == "all" else {})
        task = batch.sharing.mean(_errors(batch, [head.logit for head in read.values()])).unbind(0)
        return {f"task/{name}": error for name, error in zip(read, task, strict=True)} | {
            f"dtl/{unit}/{name}": term
            for unit, output in auxiliary.distilled.items()
            for name, term in output.terms.items()
        }

    def _total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Eq. 11 over the terms that are present: L_task + lambda1 L_dec + lambda2 L_dtl, L_dec as in Eq. 6."""
        total = torch.stack([term for name, term in terms.items() if name.startswith("task/")]).sum()
        if self.decoupling is not None:
            total = total + self.lambda1 * (terms["rec"] + terms["cyc"] + self.gamma * (terms["mar"] + terms["ort"]))
        distilled = [term for name, term in terms.items() if name.startswith("dtl/")]
        return total + self.lambda2 * torch.stack(distilled).sum() if distilled else total

    def _gd_unit(self, width: int, size: int, branch: Literal["homo", "hetero"]) -> GDUnit:
        gd = self.config.gd
        prior = OFFICIAL_PRIOR_HOMO if branch == "homo" else OFFICIAL_PRIOR_HETERO
        representation = gd.representation_homo if branch == "homo" else gd.representation_hetero
        return GDUnit(width, size, gd_config(gd, prior, representation), self.target)


def _heads(sizes: Mapping[Modality, tuple[int, int]], columns: tuple[int, ...]) -> nn.ModuleDict:
    return nn.ModuleDict({m: ResidualHead(width, inner, columns) for m, (width, inner) in sizes.items()})


def _errors(batch: Batch, predictions: Many[Tensor]) -> Tensor:
    """(B, H): the task's error of every item and prediction, of H predictions (B,) or (B, K); all in one operation."""
    assert batch.labels is not None
    labels, size = batch.labels, (len(batch), len(predictions))
    repeated = labels.unsqueeze(1).expand(*size, *labels.shape[1:])
    return batch.task.errors(torch.stack(list(predictions), dim=1).flatten(0, 1), repeated.flatten(0, 1)).view(size)
