"""MCTN, the Multimodal Cyclic Translation Network (Pham et al., AAAI 2019); after its description alone.

The language is translated to a second modality and that translation back by the same network; what its encoder holds is
translated once more, to the third. A label is read from what the encoders hold, so a prediction needs the language
alone: audio and vision are targets of training and nothing else.

Rebuilt: source and target of a shared network have a linear layer of their own on either end, since their features
differ in width; attention is Luong's (:class:`Translator`). A decoder never sees its target.

Legend: B batch, S and T steps of source and target, h width of the states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from dmd.declaration import Component, Dims, LossTerm, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.recurrent import BidirectionalEncoder
from dmd.layers.sequence import Sequence
from dmd.layers.sequence_error import error_of_real
from dmd.modalities import Modality


@dataclass(frozen=True)
class TranslationWeights:
    """Weights of the errors of translations.

    Attributes:
        translation: from the language to the second modality.
        cycle: of that translation back to the language.
        second_level: from what the encoder holds to the third modality.
        shrinkage: of the squared weights of the last layer.
    """

    translation: float = setting(0.1, "error of the translation to the second modality", low=0)
    cycle: float = setting(0.1, "error of the way back to the language", low=0)
    second_level: float = setting(0.1, "error of the translation to the third modality", low=0)
    shrinkage: float = setting(0.01, "squared weights of the last layer", low=0)


@dataclass(frozen=True)
class MCTNSettings:
    """Components, weights and sizes.

    Attributes:
        cycle: the translation is translated back.
        second_level: what the encoder holds is translated to the third modality; off: the label is read from it.
        first: the modality that the language is translated to; the other one is the third.
        hidden: of every LSTM.
        dropout: on what the label is read from.
        weight: of the errors.
    """

    cycle: bool = setting(True, "the translation is translated back")
    second_level: bool = setting(True, "what the encoder holds is translated to the third modality")
    first: Literal["vision", "audio"] = setting("vision", "the modality that the language is translated to")
    hidden: int = setting(32, "of every LSTM", low=1, high=1024)
    dropout: float = setting(0.2, "on what the label is read from", low=0, high=0.9)
    weight: TranslationWeights = field(default_factory=TranslationWeights)


class Translator(nn.Module):
    """A bidirectional encoder, and a decoder that is given the encoder's last states and then has its own alone.

    The decoder never sees what it should say, in training as little as later. Its attention reads what it holds after a
    step and changes nothing of the next (Luong et al., EMNLP 2015), so all steps attend at once.

    Args:
        width: of the source.
        hidden: h.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.encoder = BidirectionalEncoder(width, hidden)
        self.decoder = nn.LSTM(2 * hidden, hidden, batch_first=True)
        self.compare = nn.Linear(hidden, 2 * hidden, bias=False)
        self.join = nn.Linear(3 * hidden, hidden)

    def encode(self, x: Sequence) -> tuple[Sequence, Tensor]:
        """(B, S, width) -> the states of every step, (B, longest, 2h), and the last ones, (B, 2h)."""
        encoded: tuple[Sequence, Tensor] = self.encoder(x)
        return encoded

    def decode(self, encoded: tuple[Sequence, Tensor], num_steps: int) -> Tensor:
        """What :meth:`encode` gave -> (B, num_steps, h)."""
        states, lasts = encoded
        held, _ = self.decoder(lasts.unsqueeze(1).expand(-1, num_steps, -1))
        scores = self.compare(held) @ states.steps.transpose(1, 2)
        weights = scores.masked_fill(~states.is_real.unsqueeze(1), -torch.inf).softmax(-1)
        return torch.tanh(self.join(torch.cat([held, weights @ states.steps], dim=-1)))


class AttentiveReader(nn.Module):
    """An LSTM, an attention over its real steps, a linear layer."""

    def __init__(self, width: int, hidden: int, dropout: float, num_outputs: int) -> None:
        super().__init__()
        self.states = nn.LSTM(width, hidden, batch_first=True)
        self.squash = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, num_outputs)

    def forward(self, x: Sequence) -> Tensor:
        """(B, T, width), real steps first -> (B,) or (B, K)."""
        states, _ = self.states(x.steps)
        scores = self.score(torch.tanh(self.squash(states))).squeeze(-1).masked_fill(~x.is_real, -torch.inf)
        read = (scores.softmax(-1).unsqueeze(-1) * states).sum(1)
        prediction: Tensor = self.out(self.dropout(read)).squeeze(-1)
        return prediction


class CyclicTranslator(nn.Module):
    """The language to the second modality and back, by one network."""

    def __init__(self, widths: Mapping[Modality, int], second: Modality, hidden: int) -> None:
        super().__init__()
        ends: tuple[Modality, ...] = ("language", second)
        self.enter = nn.ModuleDict({m: nn.Linear(widths[m], hidden) for m in ends})
        self.network = Translator(hidden, hidden)
        self.leave = nn.ModuleDict({m: nn.Linear(hidden, widths[m]) for m in ends})

    def encode(self, x: Sequence, modality: Modality) -> tuple[Sequence, Tensor]:
        """(B, S, D_m) -> states (B, longest, 2 hidden) and the last ones."""
        return self.network.encode(x.with_steps(self.enter[modality](x.steps)))

    def decode(self, encoded: tuple[Sequence, Tensor], modality: Modality, num_steps: int) -> Tensor:
        """What :meth:`encode` gave -> (B, num_steps, D_m)."""
        decoded: Tensor = self.leave[modality](self.network.decode(encoded, num_steps))
        return decoded


class MCTN(nn.Module):
    """Two levels of translation and a regression on what the upper encoder holds."""

    def __init__(self, settings: MCTNSettings, dims: Dims) -> None:
        super().__init__()
        hidden = settings.hidden
        self.cycle = settings.cycle
        self.second: Modality = settings.first
        self.third: Modality = "audio" if settings.first == "vision" else "vision"
        self.first_level = CyclicTranslator(dims.widths, self.second, hidden)
        self.second_level = Translator(2 * hidden, hidden) if settings.second_level else None
        self.leave_second = nn.Linear(hidden, dims.widths[self.third]) if settings.second_level else None
        self.output = AttentiveReader(2 * hidden, hidden, settings.dropout, dims.num_outputs)

    def forward(self, inputs: ModelInput) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The prediction, of the language alone; with labels the errors of the translations, (B,) each."""
        language = inputs.sequence("language").shortened_to("start")
        encoded = self.first_level.encode(language, "language")
        upper = encoded if self.second_level is None else self.second_level.encode(encoded[0])
        prediction = self.output(upper[0])
        if inputs.labels is None:
            return prediction, {}
        second = inputs.sequence(self.second).shortened_to("start")
        translated = self.first_level.decode(encoded, self.second, second.num_steps)
        terms = {
            "translation": error_of_real(translated, second),
            "shrinkage": self.output.out.weight.square().sum(),
        }
        if self.cycle:
            back = self.first_level.encode(second.with_steps(translated), self.second)
            rebuilt = self.first_level.decode(back, "language", language.num_steps)
            terms["cycle"] = error_of_real(rebuilt, language)
        if self.second_level is not None and self.leave_second is not None:
            third = inputs.sequence(self.third).shortened_to("start")
            said = self.leave_second(self.second_level.decode(upper, third.num_steps))
            terms["second_level"] = error_of_real(said, third)
        return prediction, terms


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Weights of errors that are not there."""
    return frozenset(f"weight.{name}" for name in ("cycle", "second_level") if not settings[name])


METHOD = Method(
    "mctn",
    MCTNSettings,
    MCTN,
    label="MCTN",
    description="Cyclic translation, predicting from text alone (Pham et al., AAAI 2019); after its description.",
    components=(
        Component("cycle", "Cycle", description="the translation is translated back"),
        Component(
            "second_level",
            "SecondLevel",
            parts=("second_level.encoder",),
            description="what the encoder holds is translated to the third modality",
        ),
    ),
    losses=(
        LossTerm("translation", ("weight.translation",), "squared error of the translation to the second modality"),
        LossTerm("cycle", ("weight.cycle",), "squared error of the way back to the language"),
        LossTerm("second_level", ("weight.second_level",), "squared error of the translation to the third modality"),
        LossTerm("shrinkage", ("weight.shrinkage",), "squared weights of the last layer"),
    ),
    presets={
        "official": {
            "hidden": 32,
            "dropout": 0.0,
            "batch_size": 32,
            "learning_rate": 1e-4,
            "max_epochs": 200,
            "patience": 20,
            "clip.kind": "none",
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search={
        "weight.translation": {"log_uniform": [0.01, 1.0]},
        "weight.cycle": {"log_uniform": [0.01, 1.0]},
        "hidden": {"choice": [32, 64, 128]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
    },
    inactive=inactive_settings,
)
