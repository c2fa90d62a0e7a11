"""The branches between decoupling and fusion: encoders on the common and on the exclusive features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.dropout import Dropout
from dmd.layers.encoder import Encoder, EncoderRates, Sequence
from dmd.layers.pooling import pool_steps
from dmd.modalities import MODALITIES, Modality
from dmd.models.backbone_config import BackboneConfig
from dmd.models.dmd_config import DMDConfig

Sequences = Mapping[Modality, Sequence]
MIN_MEMORY_LEVELS = 3


def encoder_rates(config: BackboneConfig, source: Modality) -> EncoderRates:
    """Dropout rates of an encoder that reads ``source``."""
    rates = config.dropout
    return EncoderRates(getattr(rates.attention, source), rates.embed, rates.relu, rates.residual)


class SelfAttention(nn.Module):
    """One self-attention encoder per modality, pooled to one vector each: (B, T'_m, d) -> (B, d).

    steps: of the modalities to encode, all or some.
    """

    def __init__(self, config: BackboneConfig, steps: Mapping[Modality, int]) -> None:
        super().__init__()
        self.config = config
        self.encoder = nn.ModuleDict({m: make_encoder(config, config.width, steps[m]) for m in steps})
        self.modalities = tuple(steps)

    def forward(self, sequences: Sequences, dropout: Dropout, site: str) -> dict[Modality, Tensor]:
        """Modality -> (B, d)."""
        pooled: dict[Modality, Tensor] = {}
        for m in self.modalities:
            x = sequences[m]
            encoded = self.encoder[m](x, x, encoder_rates(self.config, m), dropout, f"{site}.{m}")
            pooled[m] = pool_steps(encoded, x.lengths, self.config.pool)
        return pooled


class CrossmodalAttention(nn.Module):
    """CA: each modality is reinforced by the two others (Eq. 10), joined by a memory encoder; Z_m is (B, 2d)."""

    def __init__(self, config: BackboneConfig, steps: Mapping[Modality, int]) -> None:
        super().__init__()
        self.config = config
        self.crossmodal = nn.ModuleDict(
            {
                f"{target}_from_{source}": make_encoder(config, config.width, max(steps[target], steps[source]))
                for target in MODALITIES
                for source in others(target)
            }
        )
        levels = max(config.levels, MIN_MEMORY_LEVELS)
        self.memory = nn.ModuleDict({m: make_encoder(config, 2 * config.width, steps[m], levels) for m in MODALITIES})

    def forward(self, sequences: Sequences, dropout: Dropout) -> dict[Modality, Tensor]:
        """Modality -> Z_m, (B, 2d)."""
        reinforced: dict[Modality, Tensor] = {}
        for target in MODALITIES:
            lengths = sequences[target].lengths
            parts = []
            for source in others(target):
                name = f"{target}_from_{source}"
                rates = encoder_rates(self.config, source)
                parts.append(
                    self.crossmodal[name](sequences[target], sequences[source], rates, dropout, f"crossmodal.{name}")
                )
            joined = Sequence(torch.cat(parts, dim=-1), lengths)
            # the memory encoders of all modalities use the language rate, as in MulT
            rates = encoder_rates(self.config, "language")
            encoded = self.memory[target](joined, joined, rates, dropout, f"memory.{target}")
            reinforced[target] = pool_steps(encoded, lengths, self.config.pool)
        return reinforced


class WithoutCrossmodalAttention(nn.Module):
    """What stands in for CA when it is off: the same shapes, no mixing across modalities.

    ``self_attention``: one encoder per modality; ``identity``: the pooled sequence itself. Then Linear d -> 2d. Without
    FD the one stream of a modality has been encoded already: its vector is taken over and only widened (Table 3 row 6).
    """

    def __init__(self, config: DMDConfig, steps: Mapping[Modality, int]) -> None:
        super().__init__()
        self.config = config
        self.attention = SelfAttention(config, steps) if config.fd and config.ca_off == "self_attention" else None
        self.widen = nn.ModuleDict({m: nn.Linear(config.width, 2 * config.width) for m in MODALITIES})

    def forward(
        self, sequences: Sequences, encoded: Mapping[Modality, Tensor], dropout: Dropout
    ) -> dict[Modality, Tensor]:
        """Modality -> Z_m, (B, 2d). encoded: the pooled vectors of the common branch, (B, d) each."""
        if self.attention is not None:
            pooled: Mapping[Modality, Tensor] = self.attention(sequences, dropout, "without_ca")
        elif self.config.fd:
            pooled = {m: pool_steps(sequences[m].steps, sequences[m].lengths, self.config.pool) for m in MODALITIES}
        else:
            pooled = encoded
        return {m: self.widen[m](pooled[m]) for m in MODALITIES}


def others(target: Modality) -> tuple[Modality, Modality]:
    """The two modalities that reinforce ``target``, in order."""
    first, second = (m for m in MODALITIES if m != target)
    return first, second


def make_encoder(config: BackboneConfig, width: int, max_steps: int, levels: int | None = None) -> Encoder:
    """An encoder with this configuration's heads, masks and depth."""
    return Encoder(
        width,
        config.heads,
        config.levels if levels is None else levels,
        max_steps,
        causal=config.causal,
        masks_padding=config.mask_padding,
    )
