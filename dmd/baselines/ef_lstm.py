"""EF-LSTM (early fusion): the features of all modalities side by side, through one LSTM.

The "EF-LSTM" rows of MulT (Tsai et al., ACL 2019) and DMD come from code that was never published; the form here is
MMSA's (Yu et al., 2020): every step normalised over batch and features, LSTM layers, two linear layers on the last
state. The steps of audio and vision are those of the language first (``equal_lengths``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from dmd.baselines.equal_length_settings import CTC_LOSS, EqualLengthSettings, inactive_equal_lengths
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Dims, Method, ModelInput, setting
from dmd.layers.batch_norm import StepNorm
from dmd.layers.equal_lengths import EqualLengths
from dmd.layers.recurrent import RecurrentEncoder
from dmd.modalities import MODALITIES


@dataclass(frozen=True)
class EFLSTMSettings(EqualLengthSettings):
    """Sizes and dropout.

    Attributes:
        hidden: width of the LSTM's state.
        layers: of the LSTM.
        dropout: between its layers, on the last state and on the layer after it.
    """

    hidden: int = setting(128, "width of the LSTM's state", low=1, high=1024)
    layers: int = setting(2, "layers of the LSTM", low=1, high=8)
    dropout: float = setting(0.3, "between layers, on the state and the layer after it", low=0, high=0.9)


class EFLSTM(nn.Module):
    """Equal lengths, one norm, one LSTM, two linear layers."""

    def __init__(self, settings: EFLSTMSettings, dims: Dims) -> None:
        super().__init__()
        num_steps, hidden = dims.max_steps["language"], settings.hidden
        self.equal_lengths = EqualLengths(settings.equal_lengths, dims.widths, num_steps)
        self.norm = StepNorm(num_steps)
        width = sum(dims.widths[m] for m in MODALITIES)
        self.recurrent = RecurrentEncoder(width, hidden, settings.layers, settings.dropout)
        self.head = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(hidden, dims.num_outputs),
        )

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """(B,) or (B, K), and the alignment's error."""
        equal = self.equal_lengths({m: inputs.sequence(m) for m in MODALITIES})
        state = self.recurrent(self.norm(equal.side_by_side, inputs.sharing))
        return self.head(state).squeeze(-1), equal.terms


METHOD = Method(
    "ef_lstm",
    EFLSTMSettings,
    EFLSTM,
    label="EF-LSTM",
    description="Early fusion: one LSTM on the features of all modalities side by side.",
    losses=(CTC_LOSS,),
    presets={
        "default": {},
        "mmsa_mosi": {**mmsa_training(32, 1e-3, 5e-3), "hidden": 128, "layers": 4, "dropout": 0.5},
        "mmsa_mosei": {**mmsa_training(128, 5e-3, 1e-4), "hidden": 256, "layers": 2, "dropout": 0.4},
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 32},
    search={
        "hidden": {"choice": [32, 64, 128, 256]},
        "layers": {"choice": [1, 2, 3, 4]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [3e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 3e-2]},
    },
    inactive=inactive_equal_lengths,
)
