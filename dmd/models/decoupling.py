"""Feature decoupling (FD): common and exclusive encoders, decoders, and the terms of L_dec (Eqs. 1 to 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.samples.target import TargetKind
from dmd.kernels import native
from dmd.kernels.decoupling_terms import Terms
from dmd.layers.pooling import pool_steps
from dmd.layers.sequence import Sequence
from dmd.losses.decoupling import orthogonality, squared_distance
from dmd.losses.margin import margin_loss
from dmd.losses.native_decoupling import sum_terms
from dmd.modalities import MODALITIES, Modality
from dmd.models.dmd_config import DMDConfig

Sequences = Mapping[Modality, Sequence]


@dataclass(frozen=True)
class Decoupled:
    """Per modality, the common and the exclusive sequence; both (B, T'_m, d)."""

    common: Sequences
    exclusive: Sequences


class FeatureDecoupling(nn.Module):
    """E^com shared by all modalities, E^prt_m and D_m of their own; all linear per time step."""

    def __init__(self, config: DMDConfig, steps: Mapping[Modality, int], kind: TargetKind = "regression") -> None:
        super().__init__()
        d = config.width
        self.config = config
        self.kind = kind
        self.common = nn.Linear(d, d, bias=False)
        self.exclusive = nn.ModuleDict({m: nn.Linear(d, d, bias=False) for m in MODALITIES})
        self.decoder = nn.ModuleDict({m: nn.Linear(2 * d, d, bias=False) for m in MODALITIES})
        if config.margin.project:
            self.align = nn.ModuleDict({m: nn.Linear(d * steps[m], d) for m in MODALITIES})
        if config.legacy_params:
            self.unused_cosine = nn.ModuleDict({m: nn.Linear(d * steps[m], d) for m in MODALITIES})

    def forward(self, projected: Sequences) -> Decoupled:
        """Eq. 1."""
        return Decoupled(
            {m: x.with_steps(self.common(x.steps)) for m, x in projected.items()},
            {m: x.with_steps(self.exclusive[m](x.steps)) for m, x in projected.items()},
        )

    def terms(
        self, projected: Sequences, parts: Decoupled, labels: Tensor, alpha: Tensor, sharing: BatchSharing = ALONE
    ) -> dict[str, Tensor]:
        """The parts of L_dec, unweighted: ``rec`` (Eq. 2), ``cyc`` (Eq. 3), ``mar`` (Eq. 4) and ``ort`` (Eq. 5).

        Args:
            projected: modality -> X_m, (B, T'_m, d).
            parts: their common and exclusive features.
            labels: (B,) or (B, K) in the unit that the model is trained in.
            alpha: (), the margin of Eq. 4.
            sharing: the workers that share the batch.

        Returns:
            Name -> scalar.
        """
        compiled = all(map(native.serves, (x.steps for x in projected.values())))
        can_be = self.config.ort.axis == "feature" or (self.config.ort.axis == "batch" and sharing.num_workers == 1)
        find = self._compiled_terms if compiled and can_be else self._terms
        rec, cyc, ort = find(projected, parts, sharing)
        return {"rec": rec, "cyc": cyc, "mar": self._margin(parts.common, labels, alpha, sharing), "ort": ort}

    def _terms(self, projected: Sequences, parts: Decoupled, sharing: BatchSharing) -> tuple[Tensor, Tensor, Tensor]:
        """``rec``, ``cyc`` and ``ort``."""
        config, reduction = self.config, self.config.recon.reduction
        rec, cyc, ort = [], [], []
        for modalities in _equally_long(projected):
            x, common, exclusive, real = self._side_by_side(modalities, projected, parts)
            decoded = _each(self.decoder, modalities, torch.cat([exclusive, common], dim=-1))
            again = _each(self.exclusive, modalities, decoded)
            rec.append(squared_distance(x, decoded, real, reduction, sharing))
            cyc.append(squared_distance(exclusive, again, real, reduction, sharing))
            ort.append(orthogonality(common, exclusive, real, config.ort.form, config.ort.axis, sharing))
        return torch.cat(rec).sum(), torch.cat(cyc).sum(), torch.cat(ort).sum()

    def _compiled_terms(
        self, projected: Sequences, parts: Decoupled, sharing: BatchSharing
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same by the compiled library."""
        config, masks = self.config, self.config.mask_padding
        sequences = list(projected.values())
        sums = sum_terms(
            Terms(
                [x.steps for x in sequences],
                [parts.common[m].steps for m in projected],
                [parts.exclusive[m].steps for m in projected],
                [self.exclusive[m].get_parameter("weight") for m in projected],
                [self.decoder[m].get_parameter("weight") for m in projected],
                [(x.firsts, x.lengths) for x in sequences] if masks else None,
                config.ort.form,
                along_batch=config.ort.axis == "batch",
            )
        )
        rec, cyc, ort = (sums / self._num_terms(sequences, sharing)).sum(0).unbind()
        return rec, cyc, ort

    def _num_terms(self, sequences: list[Sequence], sharing: BatchSharing) -> Tensor:
        """(M, 3): what the sums of ``rec``, ``cyc`` and ``ort`` are divided by."""
        config, width = self.config, self.config.width
        steps = [x.lengths if config.mask_padding else torch.full_like(x.lengths, x.num_steps) for x in sequences]
        num_rows = sharing.total(torch.stack(steps).sum(1))
        by_batch = torch.full_like(num_rows, sharing.num_rows(len(steps[0])))
        errors = num_rows * width if config.recon.reduction == "mean" else by_batch
        columns = num_rows.new_tensor([x.num_steps * width for x in sequences])
        return torch.stack([errors, errors, num_rows if config.ort.axis == "feature" else columns], dim=1)

    def _side_by_side(
        self, modalities: tuple[Modality, ...], projected: Sequences, parts: Decoupled
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """X, X^com and X^prt of M modalities, (B, M, T', d), and their real steps, (B, M, T')."""
        x, common, exclusive = (
            torch.stack([sequences[m].steps for m in modalities]).transpose(0, 1)
            for sequences in (projected, parts.common, parts.exclusive)
        )
        if not self.config.mask_padding:
            return x, common, exclusive, torch.ones(x.shape[:3], dtype=torch.bool, device=x.device)
        return x, common, exclusive, torch.stack([projected[m].is_real for m in modalities], dim=1)

    def _margin(self, common: Sequences, labels: Tensor, alpha: Tensor, sharing: BatchSharing) -> Tensor:
        rule = self.config.margin
        if rule.project:
            vectors = [self.align[m](common[m].steps.transpose(1, 2).flatten(1)) for m in MODALITIES]
        else:
            vectors = [pool_steps(common[m], "mean_valid") for m in MODALITIES]
        # triplets reach over the whole batch, whoever holds it: (3, B, w) of all workers
        everyone = sharing.gather(torch.stack(vectors, dim=1)).transpose(0, 1)
        labels = sharing.gather(labels)
        modality = torch.arange(len(MODALITIES), device=labels.device).repeat_interleave(len(labels))
        loss = margin_loss(
            everyone.flatten(0, 1),
            torch.cat([labels] * len(MODALITIES)),
            modality,
            alpha,
            kind=rule.kind,
            triplets=rule.triplets,
            label_class=rule.label_class,
            reduction=rule.reduction,
            target=self.kind,
        )
        return loss / sharing.num_workers


def _equally_long(sequences: Sequences) -> list[tuple[Modality, ...]]:
    """The modalities by the steps they have, so that equal ones are computed at once."""
    by_steps: dict[int, tuple[Modality, ...]] = {}
    for m, sequence in sequences.items():
        num_steps = sequence.steps.shape[1]
        by_steps[num_steps] = (*by_steps.get(num_steps, ()), m)
    return list(by_steps.values())


def _each(layers: nn.ModuleDict, modalities: tuple[Modality, ...], x: Tensor) -> Tensor:
    """The linear layer of its own for each modality; (B, M, T, w_in) -> (B, M, T, w_out)."""
    weights = torch.stack([layers[m].get_parameter("weight") for m in modalities])
    products = torch.bmm(x.transpose(0, 1).flatten(1, 2), weights.transpose(1, 2))
    return products.view(len(modalities), *x.shape[::2], -1).transpose(0, 1)
