"""LF-DNN: averaged audio and vision and the text's LSTM, side by side, through three layers.

Cambria et al., "Benchmarking Multimodal Sentiment Analysis", CICLing 2017, in MMSA's form (Yu et al., 2020), which
later tables often report as LF-LSTM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dmd.baselines.late_fusion import EncoderDropout, HiddenWidths, LateFusion
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Dims, Method, setting
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class LFDNNHiddenWidths(HiddenWidths):
    """Width of the network of each modality."""

    audio: int = setting(16, "width of the audio's layers", low=1, high=1024)


@dataclass(frozen=True)
class LFDNNSettings:
    """Sizes and dropout.

    Attributes:
        hidden: widths of the networks of the modalities.
        text_out: width of the text's vector.
        fusion: width of the layers on the vectors side by side.
        dropout: in each network and on the vectors side by side.
    """

    hidden: LFDNNHiddenWidths = field(default_factory=LFDNNHiddenWidths)
    text_out: int = setting(256, "width of the text's vector", low=1, high=1024)
    fusion: int = setting(128, "width of the fused layers", low=1, high=1024)
    dropout: float = setting(0.2, "in each network and on the fused features", low=0, high=0.9)


class LFDNN(LateFusion):
    """Three networks, three layers."""

    def __init__(self, settings: LFDNNSettings, dims: Dims) -> None:
        rate = settings.dropout
        super().__init__(dims, settings.hidden, settings.text_out, EncoderDropout(rate, rate, rate))
        self.head = nn.Sequential(
            nn.Dropout(rate),
            nn.Linear(sum(self.widths.values()), settings.fusion),
            nn.ReLU(),
            nn.Linear(settings.fusion, settings.fusion),
            nn.ReLU(),
            nn.Linear(settings.fusion, dims.num_outputs),
        )

    def fuse(self, vectors: Mapping[Modality, Tensor]) -> Tensor:
        prediction: Tensor = self.head(torch.cat([vectors[m] for m in MODALITIES], dim=-1)).squeeze(-1)
        return prediction


METHOD = Method(
    "lf_dnn",
    LFDNNSettings,
    LFDNN,
    label="LF-DNN",
    description="Late fusion of the text's LSTM with averaged audio and vision, in MMSA's form.",
    presets={
        "default": {},
        "mmsa_mosi": mmsa_training(128, 1e-3, 1e-2),
        "mmsa_mosei": {**mmsa_training(64, 2e-3, 1e-3), "hidden.audio": 32, "text_out": 128},
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-2, "batch_size": 64},
    search={
        "hidden.language": {"choice": [32, 64, 128, 256]},
        "fusion": {"choice": [32, 64, 128, 256]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 3e-2]},
    },
)
