"""Settings of the memory fusion networks: MFN, MFM and Graph-MFN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dmd.baselines.equal_length_settings import EqualLengthSettings, inactive_equal_lengths
from dmd.declaration import Component, Dims, setting
from dmd.job import Setting
from dmd.layers.memory.delta_attention import DeltaAttention
from dmd.layers.memory.fusion import MemoryFusion
from dmd.layers.memory.gated_memory import GatedMemory, Units
from dmd.modalities import MODALITIES

MEMORY_SEARCH: Mapping[str, Mapping[str, Sequence[Setting]]] = {
    "memory.width": {"choice": [64, 128, 256, 400]},
    "memory.keep_dropout": {"uniform": [0.0, 0.7]},
    "output.dropout": {"uniform": [0.0, 0.5]},
    "learning_rate": {"log_uniform": [5e-4, 5e-3]},
    "weight_decay": {"log_uniform": [1e-5, 1e-2]},
}
"""Where MFN and Graph-MFN are searched by default."""


@dataclass(frozen=True)
class CellWidths:
    """Widths of the LSTMs' states.

    Attributes:
        language, audio, vision: cells of each.
    """

    language: int = setting(128, "cells of the language's LSTM", low=1, high=1024)
    audio: int = setting(32, "cells of audio's LSTM", low=1, high=1024)
    vision: int = setting(128, "cells of vision's LSTM", low=1, high=1024)


@dataclass(frozen=True)
class AttentionUnits:
    """The network of delta-memory attention.

    Attributes:
        units: of its hidden layer.
        dropout: on them.
    """

    units: int = setting(32, "hidden units of delta-memory attention", low=1, high=4096)
    dropout: float = setting(0.2, "on them", low=0, high=0.9)


@dataclass(frozen=True)
class MemorySettings:
    """The gated memory.

    Attributes:
        width: of the memory.
        candidate, candidate_dropout: hidden units of the network that makes candidates, and dropout on them.
        keep, keep_dropout: of the gate on the memory (gamma 1 in the paper).
        write, write_dropout: of the gate on the candidate (gamma 2).
    """

    width: int = setting(128, "of the memory", low=1, high=2048)
    candidate: int = setting(64, "hidden units behind the memory's candidates", low=1, high=4096)
    candidate_dropout: float = setting(0.0, "on them", low=0, high=0.9)
    keep: int = setting(64, "hidden units of the gate on the memory (gamma 1)", low=1, high=4096)
    keep_dropout: float = setting(0.2, "on them", low=0, high=0.9)
    write: int = setting(64, "hidden units of the gate on the candidate (gamma 2)", low=1, high=4096)
    write_dropout: float = setting(0.2, "on them", low=0, high=0.9)

    def build(self, width: int) -> GatedMemory:
        """A memory of what is ``width`` wide."""
        return GatedMemory(
            width,
            self.width,
            Units(self.candidate, self.candidate_dropout),
            Units(self.keep, self.keep_dropout),
            Units(self.write, self.write_dropout),
        )


@dataclass(frozen=True)
class OutputUnits:
    """The regression on states and memory.

    Attributes:
        units: of its hidden layer.
        dropout: on them.
    """

    units: int = setting(128, "hidden units of the regression", low=1, high=1024)
    dropout: float = setting(0.2, "on them", low=0, high=0.9)


@dataclass(frozen=True)
class FusionSettings(EqualLengthSettings):
    """What MFN and MFM share: cells, attention, memory.

    Attributes:
        delta_attention: attention on what the cells were and became; off: the memory reads the cells as they are.
        gated_memory: off: the last states alone are regressed.
        cells: of the LSTMs.
        attention: network of the attention.
        memory: the gated memory.
    """

    delta_attention: bool = setting(True, "attention on what the cells were and became")
    gated_memory: bool = setting(True, "a memory of it; off: the last states alone are regressed")
    cells: CellWidths = field(default_factory=CellWidths)
    attention: AttentionUnits = field(default_factory=AttentionUnits)
    memory: MemorySettings = field(default_factory=MemorySettings)


def build_fusion(settings: FusionSettings, dims: Dims) -> MemoryFusion:
    """The encoder of these settings."""
    cells = {m: getattr(settings.cells, m) for m in MODALITIES}
    total = sum(cells.values())
    units = Units(settings.attention.units, settings.attention.dropout)
    return MemoryFusion(
        dims.widths,
        cells,
        DeltaAttention(total, units) if settings.delta_attention else None,
        settings.memory.build(2 * total) if settings.gated_memory else None,
    )


FUSION_COMPONENTS = (
    Component(
        "delta_attention",
        "DeltaAttention",
        needs=("gated_memory",),
        because="only the memory reads what it gives",
        parts=("fusion.attention",),
        description="attention on what the cells were and became",
    ),
    Component("gated_memory", "Memory", parts=("fusion.memory",), description="a memory of what changed together"),
)


def inactive_fusion(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of networks that are not there."""
    off = tuple(
        prefix
        for component, prefix in (("delta_attention", "attention."), ("gated_memory", "memory."))
        if not settings[component]
    )
    return inactive_equal_lengths(settings) | {name for name in settings if off and name.startswith(off)}


def memory_preset(
    cells: tuple[int, int, int],
    memory: int,
    candidate: tuple[int, float],
    keep: tuple[int, float],
    write: tuple[int, float],
) -> dict[str, Setting]:
    """Flat settings of cells and memory.

    Args:
        cells: of language, audio and vision.
        memory: its width.
        candidate, keep, write: units and dropout of these networks.
    """
    preset: dict[str, Setting] = {"memory.width": memory}
    preset |= {f"cells.{m}": width for m, width in zip(MODALITIES, cells, strict=True)}
    networks: Mapping[str, tuple[int, float]] = {"candidate": candidate, "keep": keep, "write": write}
    for name, (units, dropout) in networks.items():
        preset |= {f"memory.{name}": units, f"memory.{name}_dropout": dropout}
    return preset
