"""The encoder of MFN (Zadeh et al., AAAI 2018): a system of LSTMs, delta-memory attention, a gated memory."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.layers.equal_lengths import EqualSequences
from dmd.layers.memory.delta_attention import DeltaAttention, with_step_before
from dmd.layers.memory.gated_memory import GatedMemory
from dmd.layers.memory.stepped_lstm import SteppedLSTM
from dmd.modalities import MODALITIES, Modality


class CellSystem(nn.Module):
    """An LSTM per modality, all at the same steps.

    Args:
        widths: of the features.
        cells: of the states.
    """

    def __init__(self, widths: Mapping[Modality, int], cells: Mapping[Modality, int]) -> None:
        super().__init__()
        self.lstms = nn.ModuleDict({m: SteppedLSTM(widths[m], cells[m]) for m in MODALITIES})

    def forward(self, given: EqualSequences) -> dict[Modality, tuple[Tensor, Tensor]]:
        """Modality -> hidden and cell states after every step, (T, B, cells) each."""
        return {m: self.lstms[m](given.sequences[m].steps.transpose(0, 1)) for m in MODALITIES}


class MemoryFusion(nn.Module):
    """What the modalities' cells go through, and a memory of it; without a memory, the last states alone.

    Args:
        widths: of the features.
        cells: of the states.
        attention: on the cells; None: the memory reads the cells as they are.
        memory: None: nothing is remembered.

    Attributes:
        width: of what comes out.
    """

    def __init__(
        self,
        widths: Mapping[Modality, int],
        cells: Mapping[Modality, int],
        attention: DeltaAttention | None,
        memory: GatedMemory | None,
    ) -> None:
        super().__init__()
        self.system = CellSystem(widths, cells)
        self.attention = attention
        self.memory = memory
        self.width = sum(cells.values()) + (memory.candidate.out.out_features if memory is not None else 0)

    def forward(self, given: EqualSequences) -> Tensor:
        """(B, width): the modalities' states and the memory after the last real step of each row."""
        states = self.system(given)
        read = [states[m][0] for m in MODALITIES]
        if self.memory is not None:
            window = with_step_before(torch.cat([states[m][1] for m in MODALITIES], dim=-1))
            read.append(self.memory(window if self.attention is None else self.attention(window)))
        return at_last_steps(torch.cat(read, dim=-1), given.lengths)


def at_last_steps(states: Tensor, lengths: Tensor) -> Tensor:
    """(T, B, w) -> (B, w): of each row the state after its last real step; what follows never reached it."""
    return states[lengths - 1, torch.arange(len(lengths), device=lengths.device)]
