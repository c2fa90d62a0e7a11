"""Settings of the memory fusion networks: MFN, MFM and Graph-MFN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmd.declaration import setting
from dmd.job import Setting
from dmd.layers.memory.gated_memory import GatedMemory, Units


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
    preset |= {f"cells.{m}": width for m, width in zip(("language", "audio", "vision"), cells, strict=True)}
    networks: Mapping[str, tuple[int, float]] = {"candidate": candidate, "keep": keep, "write": write}
    for name, (units, dropout) in networks.items():
        preset |= {f"memory.{name}": units, f"memory.{name}_dropout": dropout}
    return preset


def mmsa_training(batch_size: int, learning_rate: float, weight_decay: float) -> dict[str, Setting]:
    """How MMSA trains these methods: Adam as it is, until validation has not improved for eight epochs."""
    return {
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "max_epochs": 100,
        "patience": 8,
        "clip.kind": "none",
        "plateau.patience": 100,
    }
