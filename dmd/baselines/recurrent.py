"""One modality through an LSTM or a GRU, its state after the last real step, one linear layer: an honest yardstick.

A method of its own and no setting of ``unimodal``: of that one's settings (heads, kernels, masks, pooling, decoupling)
two in three would mean nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from dmd.declaration import Dims, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.recurrent import Cell, RecurrentEncoder
from dmd.modalities import Modality


@dataclass(frozen=True)
class RecurrentSettings:
    """What is read, and by what.

    Attributes:
        modality: the one that the model sees.
        cell: of the network.
        hidden: width of its state.
        layers: of it.
        dropout: between layers and on the last state.
    """

    modality: Modality = setting("language", "the one modality that the model sees")
    cell: Cell = setting("lstm", "LSTM or GRU")
    hidden: int = setting(128, "width of the state", low=1, high=1024)
    layers: int = setting(1, "layers of the network", low=1, high=8)
    dropout: float = setting(0.2, "between layers and on the last state", low=0, high=0.9)


class Recurrent(nn.Module):
    """One recurrent network and one linear layer."""

    def __init__(self, settings: RecurrentSettings, dims: Dims) -> None:
        super().__init__()
        self.modality = settings.modality
        width = dims.widths[settings.modality]
        self.recurrent = RecurrentEncoder(width, settings.hidden, settings.layers, settings.dropout, settings.cell)
        self.head = nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(settings.hidden, dims.num_outputs))

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        prediction: Tensor = self.head(self.recurrent(inputs.sequence(self.modality))).squeeze(-1)
        return prediction


def find_conflict(settings: Mapping[str, Setting]) -> str | None:
    """The one modality that is read must be among those that are shown."""
    modality, visible = str(settings["modality"]), str(settings.get("modalities", settings["modality"]))
    if modality in visible.split("+"):
        return None
    return f"the model reads {modality} alone, which modalities={visible} hides"


def needed_modalities(settings: Mapping[str, Setting]) -> frozenset[Modality]:
    """The one that the model reads."""
    modality: Modality = settings["modality"]  # type: ignore[assignment]
    return frozenset({modality})


METHOD = Method(
    "recurrent",
    RecurrentSettings,
    Recurrent,
    label="LSTM",
    description="One modality alone through an LSTM or a GRU that ends at the last real step.",
    presets={"default": {}, "text_lstm": {}, "text_gru": {"cell": "gru"}},
    training={"learning_rate": 1e-3, "weight_decay": 1e-2, "batch_size": 64},
    search={
        "hidden": {"choice": [32, 64, 128, 256]},
        "layers": {"choice": [1, 2]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 3e-2]},
    },
    find_conflict=find_conflict,
    needs=needed_modalities,
)
