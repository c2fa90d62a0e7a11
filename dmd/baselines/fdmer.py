"""FDMER-style (after Yang et al., ACM MM 2022, DOI 10.1145/3503161.3547754): disentangled parts of each modality.

No code is public. From the abstract: an encoder that modalities have in common and one of each modality's own, losses
of consistency between the common parts and of disparity between common and own, a discriminator of modalities that is
trained against the common parts, and an attention across all parts. Reconstructed here, since nothing says how: the
extractors are a bidirectional LSTM each; consistency compares cosines between the rows of a batch; disparity is the
Hilbert-Schmidt independence criterion; the discriminator learns by gradient reversal; one attention layer over the six
parts weighs them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.declaration import Component, Dims, LossTerm, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.recurrent import BidirectionalEncoder
from dmd.losses.gradient_reversal import reverse_gradient
from dmd.losses.similarity import gram_distance, independence
from dmd.modalities import MODALITIES, Modality

LOSSES = ("consistency", "disparity", "adversarial")


@dataclass(frozen=True)
class PartWeights:
    """Weights of the losses on the parts.

    Attributes:
        consistency: between the common parts of two modalities.
        disparity: between the common and the own part of one.
        adversarial: of the discriminator.
    """

    consistency: float = setting(0.1, "of the consistency between common parts", low=0)
    disparity: float = setting(0.1, "of the disparity between common and own parts", low=0)
    adversarial: float = setting(0.1, "of the discriminator of modalities", low=0)


@dataclass(frozen=True)
class FDMERSettings:
    """Components, weights and sizes.

    Attributes:
        consistency: common parts of a batch resemble each other alike in every modality.
        disparity: a modality's own part is independent of its common one.
        adversarial: a discriminator cannot tell the modality from common parts, and can from own ones.
        weight: of these losses.
        width: of the parts.
        hidden: of the LSTMs, either direction.
        heads: of the attention across parts.
        dropout: on attention weights and before the regression.
    """

    consistency: bool = setting(True, "common parts resemble each other alike in every modality")
    disparity: bool = setting(True, "a modality's own part is independent of its common one")
    adversarial: bool = setting(True, "no discriminator can tell the modality from common parts")
    weight: PartWeights = field(default_factory=PartWeights)
    width: int = setting(128, "of the parts", low=2, high=1024)
    hidden: int = setting(64, "of the LSTMs, either direction", low=1, high=1024)
    heads: int = setting(4, "of the attention across parts; must divide width", low=1, high=64)
    dropout: float = setting(0.3, "on attention weights and before the regression", low=0, high=0.9)


class FDMER(nn.Module):
    """Extractors, common and own parts, attention across them, regression."""

    def __init__(self, settings: FDMERSettings, dims: Dims) -> None:
        super().__init__()
        width, outputs, self.settings = settings.width, dims.num_outputs, settings
        self.encoders = nn.ModuleDict({m: BidirectionalEncoder(dims.widths[m], settings.hidden) for m in MODALITIES})
        self.project = nn.ModuleDict({m: _normed(2 * settings.hidden, width) for m in MODALITIES})
        self.common = _two_layers(width)
        self.own = nn.ModuleDict({m: _two_layers(width) for m in MODALITIES})
        self.discriminator = _discriminator(width) if settings.adversarial else None
        self.attention = nn.MultiheadAttention(width, settings.heads, settings.dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.output = nn.Sequential(
            nn.Linear(2 * len(MODALITIES) * width, width),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, outputs),
        )

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The prediction (B,) or (B, K); with labels the losses on the parts."""
        vectors = {m: self.project[m](self.encoders[m](inputs.sequence(m))[1]) for m in MODALITIES}
        common = {m: self.common(vectors[m]) for m in MODALITIES}
        own = {m: self.own[m](vectors[m]) for m in MODALITIES}
        parts = torch.stack([*common.values(), *own.values()], dim=1)
        mixed, _ = self.attention(parts, parts, parts, need_weights=False)
        prediction = self.output(self.norm(parts + mixed).flatten(1)).squeeze(-1)
        return prediction, {} if inputs.labels is None else self._losses(inputs, common, own)

    def _losses(
        self, inputs: ModelInput, common: Mapping[Modality, Tensor], own: Mapping[Modality, Tensor]
    ) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        if self.settings.consistency or self.settings.disparity:
            shared, apart = [{m: inputs.gather(x) for m, x in parts.items()} for parts in (common, own)]
        if self.settings.consistency:
            pairs = itertools.combinations(shared.values(), 2)
            losses["consistency"] = torch.stack([gram_distance(x, y) for x, y in pairs]).sum()
        if self.settings.disparity:
            losses["disparity"] = torch.stack([independence(shared[m], apart[m]) for m in MODALITIES]).sum()
        if self.discriminator is not None:
            told = [self._tell(reverse_gradient(common[m]), m) + self._tell(own[m], m) for m in MODALITIES]
            losses["adversarial"] = torch.stack(told).mean(0)
        return losses

    def _tell(self, x: Tensor, modality: Modality) -> Tensor:
        """(B,) the discriminator's cross-entropy on parts of one modality."""
        assert self.discriminator is not None
        target = torch.full((len(x),), MODALITIES.index(modality), device=x.device)
        return F.cross_entropy(self.discriminator(x), target, reduction="none")


def _normed(width_in: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width_in, width), nn.ReLU(), nn.LayerNorm(width))


def _two_layers(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))


def _discriminator(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, len(MODALITIES)))


def find_conflict(settings: Mapping[str, Setting]) -> str | None:
    """Why no attention of these sizes can be built, or None."""
    width, heads = settings["width"], settings["heads"]
    assert isinstance(width, int)
    assert isinstance(heads, int)
    return f"heads must divide width, got heads={heads} and width={width}" if width % heads else None


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Weights of losses that are off."""
    return frozenset(f"weight.{name}" for name in LOSSES if not settings[name])


METHOD = Method(
    "fdmer-style",
    FDMERSettings,
    FDMER,
    label="FDMER-style",
    description=(
        "Common and own parts after Yang et al., ACM MM 2022, of which no code is public: extractors and the forms of "
        "its consistency, disparity and adversarial losses are reconstructed."
    ),
    components=(
        Component("consistency", "Consistency", description="common parts resemble each other alike"),
        Component("disparity", "Disparity", description="own parts are independent of common ones"),
        Component("adversarial", "Adversarial", description="a discriminator of modalities, against common parts"),
    ),
    losses=tuple(LossTerm(name, (f"weight.{name}",), f"the {name} loss") for name in LOSSES),
    training={"learning_rate": 1e-3, "batch_size": 32},
    search={
        **{f"weight.{name}": {"choice": [0.01, 0.1, 1.0]} for name in LOSSES},
        "dropout": {"uniform": [0.0, 0.6]},
        "learning_rate": {"log_uniform": [1e-4, 3e-3]},
    },
    find_conflict=find_conflict,
    inactive=inactive_settings,
)
