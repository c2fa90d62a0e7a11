"""LF-LSTM (late fusion): an LSTM per modality on its own steps, their last states side by side.

The "LF-LSTM" rows of MulT (Tsai et al., ACL 2019) and DMD come from code that was never published; this is the method
that its name says. MMSA's LF-DNN, which is often reported in its place, has an LSTM for the text alone (``lf_dnn``);
the presets take that method's hyperparameters, as there are none for this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Dims, Method, ModelInput, setting
from dmd.layers.recurrent import RecurrentEncoder
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class StateWidths:
    """Width of the state of each LSTM.

    Audio and vision are small: on some hundred clips wide ones fit the training part. The sizes were chosen on
    validation inside folds (docs/baselines.md).
    """

    language: int = setting(128, "width of the text's state", low=1, high=1024)
    audio: int = setting(16, "width of the audio's state", low=1, high=1024)
    vision: int = setting(32, "width of the vision's state", low=1, high=1024)


@dataclass(frozen=True)
class LFLSTMSettings:
    """Sizes and dropout.

    Attributes:
        hidden: widths of the states.
        layers: of each LSTM.
        fusion: width of the layer on the states side by side.
        dropout: on the states and on the fused layer.
    """

    hidden: StateWidths = field(default_factory=StateWidths)
    layers: int = setting(1, "layers of each LSTM", low=1, high=8)
    fusion: int = setting(128, "width of the fused layer", low=1, high=1024)
    dropout: float = setting(0.2, "on the states and the fused layer", low=0, high=0.9)


class LFLSTM(nn.Module):
    """One encoder per modality, two linear layers on their last states."""

    def __init__(self, settings: LFLSTMSettings, dims: Dims) -> None:
        super().__init__()
        widths: dict[Modality, int] = {m: getattr(settings.hidden, m) for m in MODALITIES}
        self.encoders = nn.ModuleDict(
            {
                m: RecurrentEncoder(dims.widths[m], width, settings.layers, settings.dropout)
                for m, width in widths.items()
            }
        )
        self.head = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(sum(widths.values()), settings.fusion),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.fusion, dims.num_outputs),
        )

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        states = [self.encoders[m](inputs.sequence(m)) for m in MODALITIES]
        prediction: Tensor = self.head(torch.cat(states, dim=-1)).squeeze(-1)
        return prediction


METHOD = Method(
    "lf_lstm",
    LFLSTMSettings,
    LFLSTM,
    label="LF-LSTM",
    description="Late fusion: an LSTM per modality, their last states side by side.",
    presets={
        "default": {},
        "mmsa_mosi": mmsa_training(128, 1e-3, 1e-2),
        "mmsa_mosei": mmsa_training(64, 2e-3, 1e-3),
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-2, "batch_size": 64},
    revision=1,  # widths by modality
    search={
        "hidden.language": {"choice": [32, 64, 128, 256]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 3e-2]},
    },
)
