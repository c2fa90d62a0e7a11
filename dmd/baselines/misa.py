"""MISA: each modality as a part that all share and a part of its own, fused by self-attention over the six.

Hazarika, Zimmermann and Poria, "MISA: Modality-Invariant and -Specific Representations for Multimodal Sentiment
Analysis", ACM MM 2020, DOI 10.1145/3394171.3413678. The shared parts are drawn together (``similarity``), parts are
pushed apart (``difference``), and both together give back what they came from (``reconstruction``). The error of the
prediction is squared, as in the paper; of classes it is the cross-entropy, as in the published code (declare-lab/MISA,
``ur_funny``), and of answers and of several numbers that of every other method.

With features of BERT the paper takes the mean over tokens (``language_encoder: mean``, so the presets); with others it
reads the text as it reads audio and vision (``lstm``). All are read to the end of their own real steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor, nn

from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Component, Dims, LossTerm, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.large_dropout import LargeDropout
from dmd.layers.pooling import mean_of_real
from dmd.layers.recurrent import BidirectionalEncoder
from dmd.layers.sequence import Sequence
from dmd.losses.subspaces import central_moment_discrepancy, squared_correlation
from dmd.modalities import MODALITIES, Modality

FEED_FORWARD = 2048

COMPONENTS = (
    Component("difference", "difference", description="loss that pushes shared and own parts apart"),
    Component("similarity", "similarity", description="loss that draws the shared parts together (CMD)"),
    Component("reconstruction", "reconstruction", description="loss that has both parts give back the whole"),
)
LOSSES = (
    LossTerm("task", description="squared error of the prediction, where it is one number"),
    LossTerm("difference", ("weight.difference",), "squared correlation between parts"),
    LossTerm("similarity", ("weight.similarity",), "central moment discrepancy between the shared parts"),
    LossTerm("reconstruction", ("weight.reconstruction",), "squared error of what the parts give back"),
)


@dataclass(frozen=True)
class LossWeights:
    """Weights of the three losses; the defaults are the paper's."""

    difference: float = setting(0.3, "of the difference loss", low=0)
    similarity: float = setting(1.0, "of the similarity loss", low=0)
    reconstruction: float = setting(1.0, "of the reconstruction loss", low=0)


@dataclass(frozen=True)
class MISADropout:
    """Rates; the defaults are the paper's."""

    encoder: float = setting(0.1, "in the self-attention over the six parts", low=0, high=0.9)
    fusion: float = setting(0.5, "on the fused layer", low=0, high=0.9)


@dataclass(frozen=True)
class MISASettings:
    """Sizes, losses and dropout.

    Attributes:
        hidden: width of every part.
        heads: of self-attention.
        language_encoder: ``lstm``: as wide as the features; ``mean``: over tokens.
        difference: push the parts apart.
        similarity: draw the shared parts together.
        reconstruction: have the parts give back the whole.
        weight: of the losses.
        dropout: rates.
    """

    hidden: int = setting(128, "width of every part; a multiple of `heads`", low=2, high=1024)
    heads: int = setting(2, "attention heads", low=1, high=16)
    language_encoder: Literal["lstm", "mean"] = setting("lstm", "the text by LSTMs, or its mean over tokens")
    difference: bool = setting(True, "push shared and own parts apart")
    similarity: bool = setting(True, "draw the shared parts together")
    reconstruction: bool = setting(True, "have both parts give back the whole")
    weight: LossWeights = field(default_factory=LossWeights)
    dropout: MISADropout = field(default_factory=MISADropout)


class StackedEncoder(nn.Module):
    """Two bidirectional LSTMs, a norm between them; the four last states."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lower = BidirectionalEncoder(width, width)
        self.norm = nn.LayerNorm(2 * width)
        self.upper = BidirectionalEncoder(2 * width, width)
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(parameter)

    def forward(self, x: Sequence) -> Tensor:
        """(B, T, width) -> (B, 4 width)."""
        states, lower = self.lower(x)
        return torch.cat([lower, self.upper(states.with_steps(self.norm(states.steps)))[1]], dim=-1)


class MISA(nn.Module):
    """Encoders, projections, private and shared parts, decoders, fusion."""

    def __init__(self, settings: MISASettings, dims: Dims) -> None:
        super().__init__()
        self.settings, hidden = settings, settings.hidden
        self.squares_errors = dims.target.kind == "regression"
        by_steps = [m for m in MODALITIES if m != "language" or settings.language_encoder == "lstm"]
        self.encoders = nn.ModuleDict({m: StackedEncoder(dims.widths[m]) for m in by_steps})
        widths = {m: dims.widths[m] * (4 if m in by_steps else 1) for m in MODALITIES}
        self.projections = nn.ModuleDict(
            {m: nn.Sequential(nn.Linear(w, hidden), nn.ReLU(), nn.LayerNorm(hidden)) for m, w in widths.items()}
        )
        self.private = nn.ModuleDict({m: nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid()) for m in MODALITIES})
        self.shared = nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid())
        self.decoders = nn.ModuleDict()
        if settings.reconstruction:
            self.decoders.update({m: nn.Linear(hidden, hidden) for m in MODALITIES})
        self.attention = nn.TransformerEncoderLayer(
            hidden, settings.heads, FEED_FORWARD, settings.dropout.encoder, batch_first=True
        )
        self.attention.dropout = LargeDropout(settings.dropout.encoder)  # inside the feed-forward layer
        self.head = nn.Sequential(
            nn.Linear(6 * hidden, 3 * hidden),
            nn.Dropout(settings.dropout.fusion),
            nn.ReLU(),
            nn.Linear(3 * hidden, dims.num_outputs),
        )

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """(B,) or (B, K), and with labels every loss that is on."""
        whole = {m: self.projections[m](self._vector(m, inputs.sequence(m))) for m in MODALITIES}
        private = {m: self.private[m](x) for m, x in whole.items()}
        shared = {m: self.shared(x) for m, x in whole.items()}
        parts = torch.stack([*private.values(), *shared.values()], dim=1)
        prediction = self.head(self.attention(parts).flatten(1)).squeeze(-1)
        if inputs.labels is None:
            return prediction, {}
        terms = self._losses(inputs, whole, private, shared)
        if self.squares_errors:
            terms["task"] = (prediction - inputs.labels).square()
        return prediction, terms

    def _vector(self, modality: Modality, x: Sequence) -> Tensor:
        if modality not in self.encoders:
            return mean_of_real(x.steps, x.is_real)
        vector: Tensor = self.encoders[modality](x)
        return vector

    def _losses(
        self,
        inputs: ModelInput,
        whole: Mapping[Modality, Tensor],
        private: Mapping[Modality, Tensor],
        shared: Mapping[Modality, Tensor],
    ) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        if self.settings.difference or self.settings.similarity:
            every_shared = [inputs.gather(x) for x in shared.values()]
        if self.settings.difference:
            every_private = [inputs.gather(x) for x in private.values()]
            pairs = [*zip(every_private, every_shared, strict=True), *combinations(every_private, 2)]
            losses["difference"] = torch.stack([squared_correlation(*pair) for pair in pairs]).sum()
        if self.settings.similarity:
            pairs = list(combinations(every_shared, 2))
            losses["similarity"] = torch.stack([central_moment_discrepancy(*pair) for pair in pairs]).mean()
        if self.settings.reconstruction:
            errors = [(self.decoders[m](private[m] + shared[m]) - whole[m]).square().mean(-1) for m in MODALITIES]
            losses["reconstruction"] = torch.stack(errors).mean(0)
        return losses


def find_conflict(settings: Mapping[str, Setting]) -> str | None:
    """Attention splits its width between heads."""
    hidden, heads = settings["hidden"], settings["heads"]
    assert isinstance(hidden, int)
    assert isinstance(heads, int)
    return f"hidden must be a multiple of heads, but {hidden} is none of {heads}" if hidden % heads else None


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Weights of the losses that are off."""
    return frozenset(f"weight.{component.name}" for component in COMPONENTS if not settings[component.name])


PAPER: Mapping[str, Setting] = {
    "language_encoder": "mean",
    "patience": 6,
    "clip.kind": "value",
    "clip.limit": 1.0,
}

METHOD = Method(
    "misa",
    MISASettings,
    MISA,
    label="MISA",
    description="Modality-invariant and -specific representations (Hazarika et al., ACM MM 2020).",
    components=COMPONENTS,
    losses=LOSSES,
    presets={
        "default": {},
        "mmsa_mosi": {
            **mmsa_training(16, 1e-4),
            "language_encoder": "mean",
            "weight.difference": 0.1,
            "weight.similarity": 0.3,
            "dropout.fusion": 0.2,
            "clip.kind": "value",
            "clip.limit": 0.8,
            "accumulation.steps": 2,
        },
        "mmsa_mosei": {
            **mmsa_training(64, 1e-4),
            "language_encoder": "mean",
            "weight.similarity": 0.8,
            "clip.kind": "value",
            "clip.limit": 0.8,
            "accumulation.steps": 2,
        },
        "paper_mosi": {
            **mmsa_training(64, 1e-4),
            **PAPER,
        },
        "paper_mosei": {
            **mmsa_training(16, 1e-4),
            **PAPER,
        },
    },
    training={"learning_rate": 3e-4, "batch_size": 32},
    search={
        "weight.difference": {"log_uniform": [0.03, 1.0]},
        "weight.similarity": {"log_uniform": [0.1, 3.0]},
        "weight.reconstruction": {"log_uniform": [0.1, 3.0]},
        "dropout.fusion": {"uniform": [0.0, 0.6]},
        "learning_rate": {"log_uniform": [5e-5, 1e-3]},
    },
    find_conflict=find_conflict,
    inactive=inactive_settings,
)
