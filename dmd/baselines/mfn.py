"""MFN, the Memory Fusion Network (Zadeh et al., AAAI 2018).

An LSTM per modality; at each step an attention over the cells before and after it finds what changed together, and a
gated memory keeps it; the last states and the memory are regressed. The paper's window of two steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from dmd.baselines.equal_length_settings import CTC_LOSS
from dmd.baselines.memory_settings import (
    FUSION_COMPONENTS,
    MEMORY_SEARCH,
    FusionSettings,
    OutputUnits,
    build_fusion,
    inactive_fusion,
    memory_preset,
)
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Dims, Method, ModelInput
from dmd.layers.equal_lengths import EqualLengths
from dmd.layers.memory.gated_memory import Perceptron, Units
from dmd.modalities import MODALITIES


@dataclass(frozen=True)
class MFNSettings(FusionSettings):
    """Components and sizes.

    Attributes:
        output: the regression.
    """

    output: OutputUnits = field(default_factory=OutputUnits)


class MFN(nn.Module):
    """Cells, attention, memory, regression."""

    def __init__(self, settings: MFNSettings, dims: Dims) -> None:
        super().__init__()
        self.equal_lengths = EqualLengths(settings.equal_lengths, dims.widths, dims.max_steps["language"])
        self.fusion = build_fusion(settings, dims)
        self.output = Perceptron(
            self.fusion.width, Units(settings.output.units, settings.output.dropout), dims.num_outputs
        )

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The prediction (B,) or (B, K), and the error of the alignment where there is one."""
        given = self.equal_lengths({m: inputs.sequence(m) for m in MODALITIES})
        return self.output(self.fusion(given)).squeeze(-1), given.terms


METHOD = Method(
    "mfn",
    MFNSettings,
    MFN,
    label="MFN",
    description="Memory fusion network (Zadeh et al., AAAI 2018): delta-memory attention and a gated memory on LSTMs.",
    components=FUSION_COMPONENTS,
    losses=(CTC_LOSS,),
    presets={
        "mmsa_mosi": {
            **memory_preset((256, 32, 256), 400, candidate=(64, 0.0), keep=(256, 0.7), write=(32, 0.5)),
            "attention.units": 32,
            "attention.dropout": 0.2,
            "output.units": 128,
            "output.dropout": 0.0,
            **mmsa_training(128, 2e-3, 0.0),
        },
        "mmsa_mosei": {
            **memory_preset((128, 32, 128), 128, candidate=(128, 0.5), keep=(256, 0.7), write=(256, 0.0)),
            "attention.units": 128,
            "attention.dropout": 0.2,
            "output.units": 128,
            "output.dropout": 0.5,
            **mmsa_training(64, 5e-4, 1e-4),
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search=MEMORY_SEARCH,
    inactive=inactive_fusion,
)
