"""PMR-style (after Lv et al., CVPR 2021): modalities that are reinforced through a common message.

No code is public. As described: the message starts as all modalities one after the other in time; in every layer each
modality is reinforced by it and then it by each of them, and a gate lets the useful part of what arrives pass; the
message's three copies are weighed by an attention and go through a feed-forward block. Reconstructed here: units are
MulT's encoder layers, self-attention and then attention across; the gate is ``sigmoid(W [x, update])`` on what a layer
would add; the label is read at the last step of the language, behind message, vision and audio, by self-attention.

Legend: B batch, T steps of the longest modality, N steps of the message, d width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dmd.declaration import Component, Dims, Method, ModelInput, setting
from dmd.dropout import Dropout, dropout_of
from dmd.layers.encoder import EncoderGroup
from dmd.layers.encoder_layer import EncoderLayer, EncoderRates
from dmd.layers.grouped import GroupedLinear
from dmd.layers.heads import ResidualHead
from dmd.layers.initialise import initialise
from dmd.layers.positions import position_table
from dmd.layers.sequence import Sequence
from dmd.layers.stacked_sequences import StackedSequences, join_in_time, stack, with_positions
from dmd.modalities import MODALITIES, Modality
from dmd.models.backbone_config import EncoderSizes, find_size_conflict, inactive_without_language
from dmd.models.branches import encoder_rates
from dmd.models.mult_config import PRESETS as MULT_PRESETS
from dmd.models.projection import EndAligned, TemporalProjection

LAST: tuple[Modality, ...] = tuple(reversed(MODALITIES))
"""Behind the message, so that the language, whose last step bears the label, ends the joint sequence."""
READING_LEVELS = 1
PRESETS = {name: MULT_PRESETS[name] for name in ("tsai_mosi", "tsai_mosei")}
"""MulT's sizes and rates, which the descriptions name."""


@dataclass(frozen=True)
class PMRSettings(EncoderSizes):
    """Components, beside the backbone of MulT.

    Attributes:
        hub: the message is reinforced in every layer; off: it stays what it was at first.
        gate: a gate on what arrives; off: all of it is added.
    """

    hub: bool = setting(True, "the common message is reinforced in every layer")
    gate: bool = setting(True, "a gate on what arrives from another sequence")


@dataclass(frozen=True)
class Step:
    """What a unit is computed with: rates and masks of dropout, and the site of the masks."""

    rates: EncoderRates
    dropout: Dropout
    site: str

    def reinforce(
        self, layer: nn.Module, gate: nn.Module | None, x: StackedSequences, source: StackedSequences
    ) -> StackedSequences:
        """(3, B, T, d) and what ``layer`` would add of a source (3, B, N, d), as much of it as the gate lets pass."""
        update = layer(x.steps, source.steps, source.view, self.rates, self.dropout, self.site) - x.steps
        if gate is not None:
            both = torch.cat([x.steps, update], dim=-1)
            update = torch.sigmoid(gate(both.flatten(1, 2))).view(update.shape) * update
        return x.with_steps(x.steps + update)


class Hub(nn.Module):
    """The message reinforced by each modality; its copies weighed by ``softmax(u tanh(W x))``; a feed-forward block."""

    def __init__(self, settings: PMRSettings) -> None:
        super().__init__()
        width = settings.width
        self.layer = EncoderLayer(MODALITIES, width, settings.heads)
        self.squash = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )

    def forward(self, message: Sequence, x: StackedSequences, gate: nn.Module | None, step: Step) -> Sequence:
        """(B, N, d) and the modalities (3, B, T, d) -> (B, N, d)."""
        copies = step.reinforce(self.layer, gate, stack([message] * len(MODALITIES)), x).steps
        weights = self.score(torch.tanh(self.squash(copies))).softmax(0)
        weighed = (weights * copies).sum(0)
        return message.with_steps(weighed + self.feed_forward(weighed))


class PMR(nn.Module):
    """Projection, layers of units around a message, self-attention over everything, a residual head."""

    table: Tensor

    def __init__(self, settings: PMRSettings, dims: Dims) -> None:
        super().__init__()
        self.settings, width, levels = settings, settings.width, range(settings.levels)
        self.projection = TemporalProjection(dims, settings.kernels, width, masks_padding=True)
        steps = self.projection.steps
        self.register_buffer("table", position_table(max(steps.values()), width), persistent=False)
        self.own = nn.ModuleList(EncoderLayer(MODALITIES, width, settings.heads) for _ in levels)
        self.from_hub = nn.ModuleList(EncoderLayer(MODALITIES, width, settings.heads) for _ in levels)
        self.hubs = nn.ModuleList(Hub(settings) for _ in levels if settings.hub)
        self.gates = nn.ModuleDict()
        if settings.gate:
            names = [
                f"{kind}_{level}" for level in levels for kind in ("from_hub", "hub") if kind != "hub" or self.hubs
            ]
            self.gates.update({name: GroupedLinear(MODALITIES, 2 * width, width) for name in names})
        longest = 2 * sum(steps.values())
        self.read = EncoderGroup(
            ("read",),
            width,
            settings.heads,
            READING_LEVELS,
            longest,
            causal=False,
            masks_padding=True,
            reads="last_valid",
        )
        self.output = ResidualHead(width, width, dims.target.prediction_columns)
        initialise(self, int(torch.randint(2**62, ())))

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        dropout, rates = dropout_of(self), self.settings.dropout
        projected = self.projection(EndAligned(inputs), rates.text, dropout)
        placed = []
        for m in MODALITIES:
            x = with_positions(projected[m], self.table)
            placed.append(x.with_steps(dropout(x.steps, rates.embed, f"embed.{m}")))
        by_modality = encoder_rates(self.settings, MODALITIES)
        modalities, message = stack(placed), join_in_time(placed)
        for level in range(self.settings.levels):
            step = Step(by_modality, dropout, f"from_hub.{level}")
            own = self.own[level](modalities.steps, None, modalities.view, by_modality, dropout, f"own.{level}")
            source = stack([message] * len(MODALITIES))
            modalities = step.reinforce(
                self.from_hub[level], self._gate("from_hub", level), modalities.with_steps(own), source
            )
            if self.settings.hub:
                step = Step(by_modality, dropout, f"hub.{level}")
                message = self.hubs[level](message, modalities, self._gate("hub", level), step)
        parts = {m: _as_long_as(x, own) for m, x, own in zip(MODALITIES, modalities.unstack(), placed, strict=True)}
        everything = join_in_time([message, *(parts[m] for m in LAST)])
        (vector,) = self.read([everything], None, encoder_rates(self.settings, ("language",)), dropout, "read")
        prediction: Tensor = self.output(vector, rates.output, dropout, "output").logit
        return prediction

    def _gate(self, kind: str, level: int) -> nn.Module | None:
        name = f"{kind}_{level}"
        return self.gates[name] if self.settings.gate else None


def _as_long_as(x: Sequence, given: Sequence) -> Sequence:
    """Without what it was padded with to stand beside longer ones."""
    return x.with_steps(x.steps[:, : given.num_steps])


METHOD = Method(
    "pmr-style",
    PMRSettings,
    PMR,
    label="PMR-style",
    description=(
        "Modalities reinforced through a common message after Lv et al., CVPR 2021, of which no code is public: its "
        "units, gates and reading are reconstructed on MulT's encoder layers."
    ),
    components=(
        Component("hub", "Hub", parts=("hubs",), description="the common message is reinforced in every layer"),
        Component("gate", "Gate", parts=("gates",), description="a gate on what arrives from another sequence"),
    ),
    presets=PRESETS,
    training={"learning_rate": 5e-4},
    revision=1,  # the compiled library drops hidden units and residuals
    search={
        "levels": {"int": [1, 5]},
        "dropout.embed": {"uniform": [0.0, 0.4]},
        "dropout.output": {"uniform": [0.0, 0.6]},
        "learning_rate": {"log_uniform": [1e-4, 2e-3]},
    },
    find_conflict=find_size_conflict,
    inactive=inactive_without_language,
)
