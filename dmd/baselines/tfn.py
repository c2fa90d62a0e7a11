"""TFN: the outer product of the three modalities' vectors, each with a 1 before it.

Zadeh, Chen, Poria, Cambria and Morency, "Tensor Fusion Network for Multimodal Sentiment Analysis", EMNLP 2017,
DOI 10.18653/v1/D17-1115. The product holds every vector alone, every pair (``bimodal``) and the triple (``trimodal``).
Numbers that are predicted lie in (-3, 3), which is the whole scale of any data set: labels are trained in a unit whose
farther end is 3 (:mod:`dmd.training.label_units`). Of classes and answers the last layer gives logits (section 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dmd.baselines.late_fusion import FusionDropout, HiddenWidths, LateFusion
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Component, Dims, Method, setting
from dmd.layers.large_dropout import LargeDropout
from dmd.modalities import MODALITIES, Modality

FARTHER_END = 3.0

INTERACTIONS = (
    Component("bimodal", "bimodal", description="products of two modalities"),
    Component("trimodal", "trimodal", description="products of all three modalities"),
)


@dataclass(frozen=True)
class TFNHiddenWidths(HiddenWidths):
    """Width of the network of each modality; the product is as large as the product of the widths."""

    audio: int = setting(16, "width of the audio's layers", low=1, high=1024)
    vision: int = setting(32, "width of the vision's layers", low=1, high=1024)


@dataclass(frozen=True)
class TFNSettings:
    """Sizes, dropout and which products are formed.

    Attributes:
        hidden: widths of the networks of the modalities.
        text_out: width of the text's vector.
        fusion: width of the two layers on the product.
        bimodal: the products of two modalities.
        trimodal: the products of three.
        dropout: rates.
    """

    hidden: TFNHiddenWidths = field(default_factory=TFNHiddenWidths)
    text_out: int = setting(32, "width of the text's vector", low=1, high=256)
    fusion: int = setting(64, "width of the layers on the product", low=1, high=512)
    bimodal: bool = setting(True, "products of two modalities")
    trimodal: bool = setting(True, "products of all three modalities")
    dropout: FusionDropout = field(default_factory=FusionDropout)


class TFN(LateFusion):
    """Three networks, the outer product, three layers."""

    kept: Tensor | None

    def __init__(self, settings: TFNSettings, dims: Dims) -> None:
        super().__init__(dims, settings.hidden, settings.text_out, settings.dropout)
        orders = interaction_orders(*(self.widths[m] for m in MODALITIES)).flatten()
        formed = (orders < 2) | ((orders == 2) & settings.bimodal) | ((orders == 3) & settings.trimodal)
        kept = None if bool(formed.all()) else formed.nonzero().squeeze(-1)
        self.register_buffer("kept", kept, persistent=False)
        self.head = nn.Sequential(
            LargeDropout(settings.dropout.fusion),
            nn.Linear(int(formed.sum()), settings.fusion),
            nn.ReLU(),
            nn.Linear(settings.fusion, settings.fusion),
            nn.ReLU(),
            nn.Linear(settings.fusion, dims.num_outputs),
        )
        self.is_bounded = dims.target.is_numeric

    def fuse(self, vectors: Mapping[Modality, Tensor]) -> Tensor:
        fused = fuse(*(vectors[m] for m in MODALITIES)).flatten(1)
        prediction: Tensor = self.head(fused if self.kept is None else fused[:, self.kept]).squeeze(-1)
        return FARTHER_END * (2 * prediction.sigmoid() - 1) if self.is_bounded else prediction


def fuse(*vectors: Tensor) -> Tensor:
    """Vectors (B, w_1), (B, w_2), ... -> the outer product of each with a 1 before it, (B, 1 + w_1, 1 + w_2, ...)."""
    fused = torch.ones_like(vectors[0][:, 0])
    for vector in vectors:
        longer = torch.cat([torch.ones_like(vector[:, :1]), vector], dim=1)
        fused = fused.unsqueeze(-1) * longer.view(len(longer), *[1] * (fused.dim() - 1), -1)
    return fused


def interaction_orders(*widths: int) -> Tensor:
    """(1 + w_1, 1 + w_2, ...): how many vectors each entry of the outer product is a product of."""
    orders = torch.zeros((), dtype=torch.int64)
    for width in widths:
        orders = orders.unsqueeze(-1) + (torch.arange(1 + width) > 0)
    return orders


METHOD = Method(
    "tfn",
    TFNSettings,
    TFN,
    label="TFN",
    description="Tensor fusion network (Zadeh et al., EMNLP 2017): the outer product of the modalities.",
    components=INTERACTIONS,
    presets={
        "default": {},
        "mmsa_mosi": {**mmsa_training(32, 1e-3), "hidden.audio": 32, "hidden.vision": 128},
        "mmsa_mosei": {
            **mmsa_training(128, 5e-3),
            "hidden.audio": 16,
            "hidden.vision": 128,
            "text_out": 128,
            "fusion": 16,
            **{f"dropout.{part}": 0.4 for part in ("language", "audio", "vision", "fusion")},
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search={
        "hidden.language": {"choice": [32, 64, 128]},
        "fusion": {"choice": [16, 32, 64, 128]},
        "dropout.language": {"uniform": [0.0, 0.5]},
        "dropout.fusion": {"uniform": [0.0, 0.7]},
        "learning_rate": {"log_uniform": [1e-4, 3e-3]},
    },
)
