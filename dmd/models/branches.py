"""The branches between decoupling and fusion: encoders on the common and on the exclusive features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.dropout import Dropout
from dmd.layers.encoder import EncoderGroup, Reads
from dmd.layers.encoder_layer import EncoderRates
from dmd.layers.pooling import pool_steps
from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES, Modality
from dmd.models.backbone_config import BackboneConfig, EncoderSizes

Sequences = Mapping[Modality, Sequence]
MIN_MEMORY_LEVELS = 3


def encoder_rates(config: EncoderSizes, sources: tuple[Modality, ...]) -> EncoderRates:
    """Dropout rates of encoders that read ``sources``."""
    rates = config.dropout
    return EncoderRates(
        tuple(getattr(rates.attention, source) for source in sources), rates.embed, rates.relu, rates.residual
    )


class SelfAttention(nn.Module):
    """One self-attention encoder per modality, pooled to one vector each: (B, T'_m, d) -> (B, d).

    steps: of the modalities to encode, all or some.
    """

    def __init__(self, config: BackboneConfig, steps: Mapping[Modality, int]) -> None:
        super().__init__()
        self.modalities: tuple[Modality, ...] = tuple(steps)
        self.rates = encoder_rates(config, self.modalities)
        self.encoders = make_encoders(config, self.modalities, config.width, max(steps.values()), reads=config.pool)

    def forward(self, sequences: Sequences, dropout: Dropout, site: str) -> dict[Modality, Tensor]:
        """Encode and pool each modality.

        Args:
            sequences: modality -> (B, T'_m, d).
            dropout: of this step.
            site: name of the dropout masks.

        Returns:
            Modality -> (B, d).
        """
        targets = [sequences[m] for m in self.modalities]
        return dict(zip(self.modalities, self.encoders(targets, None, self.rates, dropout, site), strict=True))


class CrossmodalAttention(nn.Module):
    """CA: each modality is reinforced by the two others (Eq. 10), joined by a memory encoder; Z_m is (B, 2d)."""

    def __init__(self, config: BackboneConfig, steps: Mapping[Modality, int]) -> None:
        super().__init__()
        pairs = [(target, source) for target in MODALITIES for source in others(target)]
        self.targets = tuple(target for target, _ in pairs)
        self.sources: tuple[Modality, ...] = tuple(source for _, source in pairs)
        self.rates = encoder_rates(config, self.sources)
        # the memory encoders of all modalities use the language rate, as in MulT
        language: Modality = "language"
        self.memory_rates = encoder_rates(config, (language,) * len(MODALITIES))
        names = tuple(f"{target}_from_{source}" for target, source in pairs)
        longest, levels = max(steps.values()), max(config.levels, MIN_MEMORY_LEVELS)
        self.crossmodal = make_encoders(config, names, config.width, longest)
        self.memory = make_encoders(config, MODALITIES, 2 * config.width, longest, levels, reads=config.pool)

    def forward(self, sequences: Sequences, dropout: Dropout) -> dict[Modality, Tensor]:
        """Modality -> Z_m, (B, 2d)."""
        targets, sources = [sequences[m] for m in self.targets], [sequences[m] for m in self.sources]
        parts = self.crossmodal(targets, sources, self.rates, dropout, "crossmodal")
        joined = [
            x.with_steps(torch.cat([part for part, t in zip(parts, self.targets, strict=True) if t == m], dim=-1))
            for m, x in sequences.items()
        ]
        reinforced = self.memory(joined, None, self.memory_rates, dropout, "memory")
        return dict(zip(sequences, reinforced, strict=True))


class WithoutCrossmodalAttention(nn.Module):
    """What stands in for CA when it is off: the same shapes, no mixing across modalities.

    One self-attention encoder per modality, or its pooled sequence itself, or what else has been encoded of it already;
    then Linear d -> 2d.

    Args:
        config: of the backbone.
        steps: of each modality.
        encodes: whether there are encoders.
    """

    def __init__(self, config: BackboneConfig, steps: Mapping[Modality, int], encodes: bool) -> None:
        super().__init__()
        self.pool = config.pool
        self.attention = SelfAttention(config, steps) if encodes else None
        self.widen = nn.ModuleDict({m: nn.Linear(config.width, 2 * config.width) for m in MODALITIES})

    def forward(
        self, sequences: Sequences, encoded: Mapping[Modality, Tensor] | None, dropout: Dropout
    ) -> dict[Modality, Tensor]:
        """Widen each modality without looking at the others.

        Args:
            sequences: modality -> (B, T'_m, d).
            encoded: modality -> (B, d), taken where there are no encoders here; None: the sequence is pooled.
            dropout: of this step.

        Returns:
            Modality -> Z_m, (B, 2d).
        """
        if self.attention is not None:
            pooled: Mapping[Modality, Tensor] = self.attention(sequences, dropout, "without_ca")
        elif encoded is not None:
            pooled = encoded
        else:
            pooled = {m: pool_steps(sequences[m], self.pool) for m in MODALITIES}
        return {m: self.widen[m](pooled[m]) for m in MODALITIES}


def others(target: Modality) -> tuple[Modality, Modality]:
    """The two modalities that reinforce ``target``, in order."""
    first, second = (m for m in MODALITIES if m != target)
    return first, second


def make_encoders(
    config: BackboneConfig,
    branches: tuple[str, ...],
    width: int,
    max_steps: int,
    levels: int | None = None,
    *,
    reads: Reads = "all",
) -> EncoderGroup:
    """An encoder for each branch with the heads and masks of this configuration.

    Args:
        config: of the backbone.
        branches: names of the encoders.
        width: w of their sequences.
        max_steps: the most steps of a sequence.
        levels: layers; None: those of ``config``.
        reads: what is taken of the encoded steps (:class:`dmd.layers.encoder.EncoderGroup`).
    """
    return EncoderGroup(
        branches,
        width,
        config.heads,
        config.levels if levels is None else levels,
        max_steps,
        causal=config.causal,
        masks_padding=config.mask_padding,
        reads=reads,
    )
