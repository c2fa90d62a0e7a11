"""Graph-MFN (Zadeh et al., ACL 2018): the memory fusion network with a dynamic fusion graph for its attention.

What a vertex of one modality holds is made of its LSTM's states before and after the step; the graph joins them, its
top goes into the memory. The paper leaves the networks open: here each has one hidden layer with ReLU, and the
efficacies are the outputs of a sigmoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dmd.baselines.equal_length_settings import CTC_LOSS, EqualLengthSettings, inactive_equal_lengths
from dmd.baselines.memory_settings import MEMORY_SEARCH, CellWidths, MemorySettings, OutputUnits, memory_preset
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.declaration import Component, Dims, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.equal_lengths import EqualLengths
from dmd.layers.memory.delta_attention import with_step_before
from dmd.layers.memory.fusion import at_last_steps
from dmd.layers.memory.fusion_graph import FusionGraph, JoinedSingles
from dmd.layers.memory.gated_memory import Perceptron, Units
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class VertexSettings:
    """The graph's vertices.

    Attributes:
        width: of those above the single modalities.
        units: hidden units of each vertex's network.
    """

    width: int = setting(64, "of vertices above the single modalities", low=1, high=1024)
    units: int = setting(100, "hidden units of each vertex's network", low=1, high=1024)


@dataclass(frozen=True)
class GraphMFNSettings(EqualLengthSettings):
    """Components and sizes.

    Attributes:
        graph: vertices for sets of modalities; off: the top reads the single ones alone.
        gated_memory: off: the last states alone are regressed.
        cells: of the LSTMs.
        vertex: the vertices.
        memory: the gated memory.
        output: the regression.
    """

    graph: bool = setting(True, "vertices for sets of modalities; off: the top reads the single ones alone")
    gated_memory: bool = setting(True, "a memory of the top; off: the last states alone are regressed")
    cells: CellWidths = field(default_factory=CellWidths)
    vertex: VertexSettings = field(default_factory=VertexSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    output: OutputUnits = field(default_factory=OutputUnits)


class GraphFusion(nn.Module):
    """Single vertices, the graph on them, and the memory of its top.

    Args:
        settings: of the method.
        cells: widths of the states.
    """

    def __init__(self, settings: GraphMFNSettings, cells: Mapping[Modality, int]) -> None:
        super().__init__()
        vertex = settings.vertex
        self.singles = nn.ModuleDict({m: nn.Linear(2 * cells[m], cells[m]) for m in MODALITIES})
        kind = FusionGraph if settings.graph else JoinedSingles
        self.graph = kind(cells, vertex.width, vertex.units)
        self.memory = settings.memory.build(vertex.width)

    def forward(self, states: Mapping[Modality, Tensor]) -> Tensor:
        """Modality -> (T, B, cells) -> the memory after every step, (T, B, width)."""
        singles = {m: torch.relu(self.singles[m](with_step_before(states[m]))) for m in MODALITIES}
        memory: Tensor = self.memory(self.graph(singles))
        return memory


class GraphMFN(nn.Module):
    """LSTMs, graph, memory, regression."""

    def __init__(self, settings: GraphMFNSettings, dims: Dims) -> None:
        super().__init__()
        cells: dict[Modality, int] = {m: getattr(settings.cells, m) for m in MODALITIES}
        self.equal_lengths = EqualLengths(settings.equal_lengths, dims.widths, dims.max_steps["language"])
        self.lstms = nn.ModuleDict({m: nn.LSTM(dims.widths[m], cells[m]) for m in MODALITIES})
        self.fusion = GraphFusion(settings, cells) if settings.gated_memory else None
        width = sum(cells.values()) + (settings.memory.width if settings.gated_memory else 0)
        self.output = Perceptron(width, Units(settings.output.units, settings.output.dropout), dims.num_outputs)

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The prediction (B,) or (B, K), and the error of the alignment where there is one."""
        given = self.equal_lengths({m: inputs.sequence(m) for m in MODALITIES})
        states = {m: self.lstms[m](given.sequences[m].steps.transpose(0, 1))[0] for m in MODALITIES}
        read = [states[m] for m in MODALITIES]
        if self.fusion is not None:
            read.append(self.fusion(states))
        return self.output(at_last_steps(torch.cat(read, dim=-1), given.lengths)).squeeze(-1), given.terms


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of networks that are not there."""
    off = () if settings["gated_memory"] else ("memory.", "vertex.")
    return inactive_equal_lengths(settings) | {name for name in settings if off and name.startswith(off)}


METHOD = Method(
    "graph_mfn",
    GraphMFNSettings,
    GraphMFN,
    label="Graph-MFN",
    description="MFN with a dynamic fusion graph over sets of modalities for its attention (Zadeh et al., ACL 2018).",
    components=(
        Component(
            "graph",
            "Graph",
            needs=("gated_memory",),
            because="only the memory reads what it gives",
            parts=("fusion.graph.vertices", "fusion.graph.efficacy"),
            description="vertices for pairs and for all three, and the efficacies of their edges",
        ),
        Component("gated_memory", "Memory", parts=("fusion.memory",), description="a memory of the graph's top"),
    ),
    losses=(CTC_LOSS,),
    presets={
        "mmsa_mosi": {
            **memory_preset((256, 32, 256), 300, candidate=(32, 0.0), keep=(128, 0.5), write=(64, 0.5)),
            "vertex.width": 64,
            "output.units": 256,
            "output.dropout": 0.0,
            **mmsa_training(32, 2e-3, 5e-3),
        },
        "mmsa_mosei": {
            **memory_preset((64, 16, 64), 300, candidate=(32, 0.5), keep=(64, 0.0), write=(256, 0.7)),
            "vertex.width": 128,
            "output.units": 128,
            "output.dropout": 0.7,
            **mmsa_training(64, 2e-3, 1e-3),
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search=MEMORY_SEARCH,
    inactive=inactive_settings,
)
