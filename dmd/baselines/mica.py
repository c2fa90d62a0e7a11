"""MICA-style (after Liang et al., ICCV 2021): crossmodal attention whose queries and keys meet in a common space.

No code is public. As described: MulT, in which the queries of one modality and the keys of another are aligned, as
distributions and where two elements belong together with high confidence. Reconstructed here: distributions by the
maximum mean discrepancy with a Gaussian kernel, in every layer, on a few real steps of each row; elements by the cosine
between a query and the key that it attends to most, where that attention is above a threshold.

Legend: G = 6 pairs of target and source, B batch, T and S steps of targets and sources, d width.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.declaration import Component, Dims, LossTerm, Method, ModelInput, setting
from dmd.dropout import Dropout, dropout_of
from dmd.job import Setting
from dmd.layers.encoder import EncoderGroup
from dmd.layers.encoder_layer import EncoderLayer
from dmd.layers.grouped import GroupedNorm
from dmd.layers.heads import ResidualHead
from dmd.layers.initialise import initialise
from dmd.layers.positions import position_table
from dmd.layers.sequence import Sequence
from dmd.layers.stacked_sequences import StackedSequences, stack, with_positions
from dmd.losses.mmd import squared_mmd
from dmd.modalities import MODALITIES, Modality
from dmd.models.backbone_config import EncoderSizes, find_size_conflict, inactive_without_language
from dmd.models.branches import MIN_MEMORY_LEVELS, encoder_rates, others
from dmd.models.mult_config import PRESETS as MULT_PRESETS
from dmd.models.projection import EndAligned, TemporalProjection

PAIRS: tuple[tuple[Modality, Modality], ...] = tuple(
    (target, source) for target in MODALITIES for source in others(target)
)


@dataclass(frozen=True)
class AlignmentWeights:
    """Weights of the alignments.

    Attributes:
        marginal: of the discrepancy between queries and keys.
        element: of the distance between a query and the key that it attends to most.
    """

    marginal: float = setting(0.1, "of the discrepancy between queries and keys", low=0)
    element: float = setting(0.1, "of the distance between elements that belong together", low=0)


@dataclass(frozen=True)
class MICASettings(EncoderSizes):
    """Components and weights, beside the backbone of MulT.

    Attributes:
        marginal: queries and keys are aligned as distributions.
        element: queries are drawn to the keys that they attend to most.
        weight: of both.
        confidence: attention above which two elements belong together.
        elements: of each row's steps, drawn for the discrepancy.
    """

    marginal: bool = setting(True, "queries and keys are aligned as distributions")
    element: bool = setting(True, "queries are drawn to the keys that they attend to most")
    weight: AlignmentWeights = field(default_factory=AlignmentWeights)
    confidence: float = setting(0.5, "attention above which two elements belong together", low=0, high=1)
    elements: int = setting(5, "of each row's steps, drawn for the discrepancy", low=1, high=64)


@dataclass(frozen=True)
class Meeting:
    """Queries (G, B, T, d) and keys (G, B, S, d) of one layer, and which of them are real, without the last axis."""

    queries: Tensor
    keys: Tensor
    real_queries: Tensor
    real_keys: Tensor


class ReadableCrossmodal(nn.Module):
    """MulT's crossmodal encoders of all pairs, and what meets in each of their layers."""

    def __init__(self, settings: MICASettings) -> None:
        super().__init__()
        names = tuple(f"{target}_from_{source}" for target, source in PAIRS)
        levels = range(settings.levels)
        self.rates = encoder_rates(settings, tuple(source for _, source in PAIRS))
        self.layers = nn.ModuleList(EncoderLayer(names, settings.width, settings.heads) for _ in levels)
        self.norm = GroupedNorm(names, settings.width)

    def forward(
        self, placed: Mapping[Modality, Sequence], dropout: Dropout, reads_meetings: bool
    ) -> tuple[StackedSequences, list[Meeting]]:
        """Modality -> (B, T, d) with positions -> the encoded targets (G, B, T, d), and what met on request."""
        x, source = (stack([placed[pair[end]] for pair in PAIRS]) for end in (0, 1))
        meetings = []
        for level, layer in enumerate(self.layers):
            assert isinstance(layer, EncoderLayer)
            if reads_meetings:
                meetings.append(_meeting(layer, x, source))
            x = x.with_steps(layer(x.steps, source.steps, source.view, self.rates, dropout, f"crossmodal.{level}"))
        return x.with_steps(self.norm(x.steps.flatten(1, 2)).view(x.steps.shape)), meetings


def _meeting(layer: EncoderLayer, x: StackedSequences, source: StackedSequences) -> Meeting:
    queries = layer.query(layer.attention_norm(x.steps.flatten(1, 2)))
    keys = layer.keys(layer.attention_norm(source.steps.flatten(1, 2)))
    return Meeting(queries.view(x.steps.shape), keys.view(source.steps.shape), x.is_real, source.is_real)


def marginal_distance(meetings: Many[Meeting], inputs: ModelInput, elements: int) -> Tensor:
    """() the squared discrepancy between queries and keys, averaged over layers and pairs, of the whole batch.

    Args:
        meetings: one of each layer.
        inputs: of the forward pass; knows who has the other rows.
        elements: drawn of each row's real queries and keys.
    """
    drawn = torch.stack([side for meeting in meetings for side in draw_sides(meeting, elements)])
    whole = inputs.gather(drawn.transpose(0, 2)).permute(2, 1, 0, 3, 4).flatten(2, 3)
    bandwidth = 2.0 * whole.shape[-1]
    return squared_mmd(whole[0::2], whole[1::2], bandwidth).mean()


def draw_sides(meeting: Meeting, num: int) -> tuple[Tensor, Tensor]:
    """Of the queries and of the keys (G, B, num, d): real steps of each row, each as likely, with replacement."""
    return draw(meeting.queries, meeting.real_queries, num), draw(meeting.keys, meeting.real_keys, num)


def draw(x: Tensor, is_real: Tensor, num: int) -> Tensor:
    """(G, B, T, d), real steps first -> (G, B, num, d)."""
    lengths = is_real.sum(-1, keepdim=True)
    places = (torch.rand(*lengths.shape[:2], num, device=x.device) * lengths).long()
    return x.gather(2, places.unsqueeze(-1).expand(-1, -1, -1, x.shape[-1]))


def element_distance(meeting: Meeting, confidence: float) -> Tensor:
    """(B,) the mean of 1 - cos(q, k) over a row's real queries q whose largest attention, to k, is above a threshold.

    0 for a row in which none is. All heads together, as one of the whole width.
    """
    queries, keys = meeting.queries, meeting.keys
    with torch.no_grad():  # which elements belong together is no matter of degree
        scores = queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5
        top, place = scores.masked_fill_(~meeting.real_keys.unsqueeze(2), -torch.inf).softmax(-1).max(-1)
    nearest = keys.gather(2, place.unsqueeze(-1).expand(-1, -1, -1, keys.shape[-1]))
    apart = 1 - F.cosine_similarity(queries, nearest, dim=-1)
    counts = ((top > confidence) & meeting.real_queries).to(apart.dtype)
    distance: Tensor = (apart * counts).sum((0, 2)) / counts.sum((0, 2)).clamp(min=1)
    return distance


class MICA(nn.Module):
    """MulT whose crossmodal layers can be looked into."""

    table: Tensor

    def __init__(self, settings: MICASettings, dims: Dims) -> None:
        super().__init__()
        self.settings, width = settings, settings.width
        self.projection = TemporalProjection(dims, settings.kernels, width, masks_padding=True)
        longest = max(self.projection.steps.values())
        self.register_buffer("table", position_table(longest, width), persistent=False)
        self.crossmodal = ReadableCrossmodal(settings)
        levels = max(settings.levels, MIN_MEMORY_LEVELS)
        self.memory = EncoderGroup(
            MODALITIES, 2 * width, settings.heads, levels, longest, causal=False, masks_padding=True, reads="last_valid"
        )
        self.fusion = ResidualHead(6 * width, 6 * width, dims.target.prediction_columns)
        initialise(self, int(torch.randint(2**62, ())))

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The prediction (B,) or (B, K); with labels the alignments."""
        settings, dropout = self.settings, dropout_of(self)
        projected = self.projection(EndAligned(inputs), settings.dropout.text, dropout)
        placed = {}
        for m in MODALITIES:
            x = with_positions(projected[m], self.table)
            placed[m] = x.with_steps(dropout(x.steps, settings.dropout.embed, f"embed.{m}"))
        reads_meetings = inputs.labels is not None and (settings.marginal or settings.element)
        encoded, meetings = self.crossmodal(placed, dropout, reads_meetings)
        parts = encoded.unstack()
        joined = [
            parts[i].with_steps(torch.cat([parts[i].steps, parts[i + 1].steps], dim=-1))
            for i in range(0, len(PAIRS), 2)
        ]
        language: Modality = "language"
        rates = encoder_rates(settings, (language,) * len(MODALITIES))  # of all memory encoders, as in MulT
        vectors = self.memory(joined, None, rates, dropout, "memory")
        prediction = self.fusion(torch.cat(vectors, dim=-1), settings.dropout.output, dropout, "fusion").logit
        return prediction, self._alignments(meetings, inputs)

    def _alignments(self, meetings: list[Meeting], inputs: ModelInput) -> dict[str, Tensor]:
        terms = {}
        if meetings and self.settings.marginal:
            terms["marginal"] = marginal_distance(meetings, inputs, self.settings.elements)
        if meetings and self.settings.element:
            apart = [element_distance(meeting, self.settings.confidence) for meeting in meetings]
            terms["element"] = torch.stack(apart).mean(0)
        return terms


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of alignments that are off, beside those of a language that is blank."""
    inactive = set(inactive_without_language(settings))
    for component, own in (("marginal", "elements"), ("element", "confidence")):
        if not settings[component]:
            inactive |= {f"weight.{component}", own}
    return frozenset(inactive)


METHOD = Method(
    "mica-style",
    MICASettings,
    MICA,
    label="MICA-style",
    description=(
        "MulT with aligned queries and keys after Liang et al., ICCV 2021, of which no code is public: the forms of "
        "both alignments are reconstructed."
    ),
    components=(
        Component("marginal", "Marginal", description="queries and keys are aligned as distributions"),
        Component("element", "Element", description="queries are drawn to the keys that they attend to most"),
    ),
    losses=(
        LossTerm("marginal", ("weight.marginal",), "discrepancy between queries and keys"),
        LossTerm("element", ("weight.element",), "distance between elements that belong together"),
    ),
    # as few elements of each row as keep those of a batch at 512
    presets={name: {**MULT_PRESETS[name], "elements": num} for name, num in (("tsai_mosi", 4), ("tsai_mosei", 5))},
    training={"learning_rate": 5e-4},
    revision=1,  # the compiled library drops hidden units and residuals
    search={
        "weight.marginal": {"log_uniform": [0.01, 1.0]},
        "weight.element": {"log_uniform": [0.01, 1.0]},
        "confidence": {"choice": [0.5, 0.7]},
        "dropout.output": {"uniform": [0.0, 0.6]},
        "learning_rate": {"log_uniform": [1e-4, 2e-3]},
    },
    find_conflict=find_size_conflict,
    inactive=inactive_settings,
)
