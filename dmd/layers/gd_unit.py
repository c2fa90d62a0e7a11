"""The graph-distillation unit (Eqs. 7 to 9): modalities are vertices, who teaches whom is learned.

One class, used twice: on the common features (HomoGD) and on the reinforced exclusive ones (HeteroGD).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.layers.heads import HeadOutput
from dmd.losses.distillation import (
    RepresentationDistance,
    logit_distillation,
    prior_regulariser,
    representation_distillation,
)
from dmd.modalities import MODALITIES, Modality
from dmd.precision import in_float32

EdgeSoftmax = Literal["all_edges", "per_target"]
EdgePrior = Literal["none", "uniform", "official"]

EDGES: tuple[tuple[Modality, Modality], ...] = (
    ("vision", "language"),
    ("audio", "language"),
    ("language", "vision"),
    ("audio", "vision"),
    ("language", "audio"),
    ("vision", "audio"),
)
"""(source, target) of the six edges: teacher and student, grouped by target as in the published code."""

_TARGETS = tuple(MODALITIES.index(target) for _, target in EDGES)
_SOURCES = tuple(MODALITIES.index(source) for source, _ in EDGES)


@dataclass(frozen=True)
class GDConfig:
    """How edges are normalised and what is distilled.

    Attributes:
        softmax: over which edges the weights of an item sum to 1.
        temperature: divides the edge scores before the softmax.
        prior: kind of prior over the edges (:func:`edge_prior`).
        prior_scores: six scores that the prior is made of.
        regulariser: weight of the prior's term inside the unit.
        representation: distance of representations; ``off``: logits alone are distilled.
        representation_weight: weight of its term inside the unit.
        detach_teacher: no gradient flows into the source of an edge.
        detach_edge_inputs: no gradient flows from the edge weights into what they are computed from.
    """

    softmax: EdgeSoftmax = "all_edges"
    temperature: float = 8.0
    prior: EdgePrior = "none"
    prior_scores: tuple[float, ...] = (0.0,) * 6
    regulariser: float = 10.0
    representation: RepresentationDistance = "off"
    representation_weight: float = 10.0
    detach_teacher: bool = True
    detach_edge_inputs: bool = False


@dataclass(frozen=True)
class GDOutput:
    """What a GD-Unit computes.

    Attributes:
        edges: (B, 6) weights in the order of ``EDGES``.
        terms: name -> scalar, already weighed inside the unit.
    """

    edges: Tensor
    terms: Mapping[str, Tensor]


def edge_prior(kind: EdgePrior, scores: tuple[float, ...]) -> Tensor | None:
    """The prior over the six edges, (6,): none, uniform, or the published ``softmax(scores / 0.25)``."""
    if kind == "none":
        return None
    return (torch.tensor(scores if kind == "official" else (0.0,) * len(EDGES)) / 0.25).softmax(0)


class GDUnit(nn.Module):
    """Learned weights of six directed edges, and the distillation loss they weigh.

    Attributes:
        prior: (6,) over the edges; a buffer.
        targets: (6,) index of the modality at the target of each edge; a buffer.
        sources: (6,) index of the modality at its source; a buffer.
    """

    prior: Tensor
    targets: Tensor
    sources: Tensor

    def __init__(self, width: int, size: int, config: GDConfig, target: Target = SENTIMENT_TARGET) -> None:
        """Build the unit.

        Args:
            width: of the representations.
            size: s, the width that logit and representation are each mapped to.
            config: how edges are normalised and what is distilled.
            target: what the logits say.
        """
        super().__init__()
        self.config = config
        self.kind = target.kind
        self.from_logit = nn.Linear(target.num_outputs, size)
        self.from_representation = nn.Linear(width, size)
        self.edge = nn.Linear(4 * size, 1)
        prior = edge_prior(config.prior, config.prior_scores)
        self.has_prior = prior is not None
        # on the device, because a list of numbers is copied there in every step
        self.register_buffer("targets", torch.tensor(_TARGETS), persistent=False)
        self.register_buffer("sources", torch.tensor(_SOURCES), persistent=False)
        self.register_buffer("prior", torch.zeros(len(EDGES)) if prior is None else prior, persistent=False)

    def edges(self, logits: Tensor, representations: Tensor) -> Tensor:
        """Eq. 8: (B, 3) or (B, 3, K) logits and (B, 3, H) representations, modalities in order -> (B, 6) weights.

        A score is ``Linear([z_target, z_source])`` with ``z = [Linear(logit), Linear(representation)]``.
        """
        if self.config.detach_edge_inputs:
            logits, representations = logits.detach(), representations.detach()
        seen = self.from_logit(logits.view(*representations.shape[:2], -1))
        vertex = torch.cat([seen, self.from_representation(representations)], dim=-1)
        pairs = torch.cat([vertex.index_select(1, self.targets), vertex.index_select(1, self.sources)], dim=-1)
        scores: Tensor = self.edge(pairs).squeeze(-1) / self.config.temperature
        if self.config.softmax == "all_edges":
            return scores.softmax(-1)
        per_target = scores.view(-1, len(MODALITIES), len(EDGES) // len(MODALITIES)).softmax(-1)
        return per_target.view(-1, len(EDGES))

    @in_float32
    def forward(
        self,
        heads: Mapping[Modality, HeadOutput],
        representations: Mapping[Modality, Tensor],
        sharing: BatchSharing = ALONE,
    ) -> GDOutput:
        """Distil between the modalities: the target of an edge is the student, its source the (detached) teacher.

        Args:
            heads: modality -> outputs of its head.
            representations: modality -> (B, width).
            sharing: the workers that share the batch.
        """
        logit = torch.stack([heads[m].logit for m in MODALITIES], dim=1)
        represented = torch.stack([representations[m] for m in MODALITIES], dim=1)
        edges = self.edges(logit, represented)
        weights = edges + self.prior if self.has_prior else edges
        teacher_logit = logit.detach() if self.config.detach_teacher else logit
        terms = {
            "logit": logit_distillation(
                logit.index_select(1, self.targets),
                teacher_logit.index_select(1, self.sources),
                weights,
                sharing,
                self.kind,
            )
        }
        if self.has_prior:
            terms["prior"] = self.config.regulariser * prior_regulariser(edges, self.prior, sharing)
        if self.config.representation != "off":
            teacher = represented.detach() if self.config.detach_teacher else represented
            distance = representation_distillation(
                represented.index_select(1, self.targets),
                teacher.index_select(1, self.sources),
                weights,
                self.config.representation,
                sharing,
            )
            terms["representation"] = self.config.representation_weight * distance
        return GDOutput(edges, terms)
