"""The dynamic fusion graph of Graph-MFN (Zadeh et al., ACL 2018): a vertex for each set of modalities, and one above.

An edge runs from every set to every larger one that contains it, and from all sets to the top. A network that reads the
single modalities gives each edge its efficacy, in (0, 1), by which it passes on what its lower vertex holds: 2 edges
into each of three pairs, 6 into the triple, 7 into the top, 19 in all.

Legend: T steps, B batch, n width of the vertices above the single ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from dmd.layers.memory.gated_memory import Perceptron, Units
from dmd.modalities import MODALITIES, Modality

Vertex = tuple[Modality, ...]

SINGLES: tuple[Vertex, ...] = tuple((m,) for m in MODALITIES)
JOINT: tuple[Vertex, ...] = tuple(
    vertex for size in range(2, len(MODALITIES) + 1) for vertex in itertools.combinations(MODALITIES, size)
)
"""The three pairs, then the triple."""


def below(vertex: Vertex) -> tuple[Vertex, ...]:
    """The vertices that have an edge to this one: its proper subsets, small ones first."""
    return tuple(other for other in (*SINGLES, *JOINT) if set(other) < set(vertex))


NUM_EDGES = sum(len(below(vertex)) for vertex in JOINT) + len((*SINGLES, *JOINT))


class FusionGraph(nn.Module):
    """Vertices of all sets of modalities, joined from below; all steps at once.

    Args:
        widths: of the single vertices.
        inner: n.
        units: hidden units of each network.
    """

    def __init__(self, widths: Mapping[Modality, int], inner: int, units: int) -> None:
        super().__init__()
        hidden = Units(units, 0.0)
        size: dict[Vertex, int] = {(m,): widths[m] for m in MODALITIES} | dict.fromkeys(JOINT, inner)
        self.vertices = nn.ModuleDict(
            {"_".join(vertex): Perceptron(sum(size[v] for v in below(vertex)), hidden, inner) for vertex in JOINT}
        )
        self.efficacy = nn.Sequential(
            Perceptron(sum(widths.values()), hidden, inner), nn.ReLU(), nn.Linear(inner, NUM_EDGES), nn.Sigmoid()
        )
        self.top = Perceptron(sum(size.values()), hidden, inner)

    def forward(self, singles: Mapping[Modality, Tensor]) -> Tensor:
        """Modality -> (T, B, width) -> the top, (T, B, n)."""
        efficacies = iter(self.efficacies(singles).unsqueeze(-1).unbind(-2))
        held: dict[Vertex, Tensor] = {(m,): singles[m] for m in MODALITIES}
        for vertex in JOINT:
            arrived = [held[v] * next(efficacies) for v in below(vertex)]
            held[vertex] = self.vertices["_".join(vertex)](torch.cat(arrived, dim=-1))
        top: Tensor = self.top(torch.cat([x * next(efficacies) for x in held.values()], dim=-1))
        return top

    def efficacies(self, singles: Mapping[Modality, Tensor]) -> Tensor:
        """(T, B, 19): of the edges into each joint vertex, then of those into the top."""
        found: Tensor = self.efficacy(torch.cat([singles[m] for m in MODALITIES], dim=-1))
        return found


class JoinedSingles(nn.Module):
    """What stands in for the graph when it is off: the top reads the single vertices, and nothing else.

    Args:
        widths, inner, units: as those of :class:`FusionGraph`.
    """

    def __init__(self, widths: Mapping[Modality, int], inner: int, units: int) -> None:
        super().__init__()
        self.top = Perceptron(sum(widths.values()), Units(units, 0.0), inner)

    def forward(self, singles: Mapping[Modality, Tensor]) -> Tensor:
        """Modality -> (T, B, width) -> (T, B, n)."""
        top: Tensor = self.top(torch.cat([singles[m] for m in MODALITIES], dim=-1))
        return top
