"""RAVEN, the Recurrent Attended Variation Embedding Network (Wang et al., AAAI 2019); after its description alone.

Every word is shifted by what is shown while it is said: an LSTM reads the audio and another the vision of its time,
each of their last states counts as much as a gate says that reads it and the word, and a linear layer makes a shift of
them, which is bounded by the word's length as a vector. An LSTM reads the shifted words.

Without times of words, the steps of audio and vision are cut into equal stretches, one for each word; on aligned files
that is one step. The shift passes gradients to both modalities, unless ``detach_shift`` says otherwise, as the
published code does. Features come standardised, so audio has no batch normalisation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dmd.declaration import Component, Dims, Method, ModelInput, setting
from dmd.job import Setting
from dmd.layers.recurrent import RecurrentEncoder
from dmd.layers.sequence import Sequence
from dmd.layers.sub_words import steps_of_words
from dmd.modalities import MODALITIES, Modality

NONVERBAL: tuple[Modality, ...] = tuple(m for m in MODALITIES if m != "language")


@dataclass(frozen=True)
class RAVENSettings:
    """Component and sizes.

    Attributes:
        shift: words are shifted by what is shown while they are said; off: the LSTM reads the words as they are.
        shift_weight: the longest shift, as a share of the word's own length as a vector.
        detach_shift: no gradient through the shift.
        cells: of the LSTMs over audio and vision, and of the linear layer before each.
        hidden: of the LSTM over words.
        dropout: on shifted words.
    """

    shift: bool = setting(True, "words are shifted by what is shown while they are said")
    shift_weight: float = setting(0.2, "the longest shift, as a share of the word's vector", low=0, high=10)
    detach_shift: bool = setting(False, "no gradient through the shift, as in the published code")
    cells: int = setting(64, "of the LSTMs over audio and vision, and the layer before each", low=1, high=1024)
    hidden: int = setting(128, "of the LSTM over words", low=1, high=1024)
    dropout: float = setting(0.2, "on shifted words", low=0, high=0.9)


class GatedState(nn.Module):
    """What a modality shows during each word, as much of it as the word lets through.

    Args:
        width: of the features.
        cells: of the LSTM.
        word: width of a word.
    """

    def __init__(self, width: int, cells: int, word: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, cells)
        self.states = RecurrentEncoder(cells, cells)
        self.gate = nn.Linear(cells + word, 1)

    def forward(self, x: Sequence, words: Sequence) -> Tensor:
        """(B, T, width) beside words (B, W, word) -> (B, W, cells)."""
        stretches = steps_of_words(x, words.lengths, words.num_steps)
        state = self.states(stretches.with_steps(self.into(stretches.steps))).view(*words.steps.shape[:2], -1)
        weighed: Tensor = self.gate(torch.cat([state, words.steps], dim=-1)) * state
        return weighed


class Shift(nn.Module):
    """By how much each word is moved."""

    def __init__(self, settings: RAVENSettings, dims: Dims) -> None:
        super().__init__()
        word = dims.widths["language"]
        self.weight = settings.shift_weight
        self.states = nn.ModuleDict({m: GatedState(dims.widths[m], settings.cells, word) for m in NONVERBAL})
        self.out = nn.Linear(len(NONVERBAL) * settings.cells, word)

    def forward(self, inputs: ModelInput, words: Sequence) -> Tensor:
        """(B, W, word)."""
        states = [self.states[m](inputs.sequence(m), words) for m in NONVERBAL]
        return bounded(self.out(torch.cat(states, dim=-1)), words.steps, self.weight)


def bounded(shift: Tensor, words: Tensor, weight: float) -> Tensor:
    """The shift times ``weight |word| / max(1, |shift|)``: no longer than that share of the word. (..., word) both."""
    of_word, of_shift = (torch.linalg.vector_norm(x, dim=-1, keepdim=True) for x in (words, shift))
    moved: Tensor = shift * (weight * of_word / of_shift.clamp(min=1))
    return moved


class RAVEN(nn.Module):
    """Shifted words, an LSTM, a linear layer."""

    def __init__(self, settings: RAVENSettings, dims: Dims) -> None:
        super().__init__()
        self.detach_shift = settings.detach_shift
        self.shift = Shift(settings, dims) if settings.shift else None
        self.dropout = nn.Dropout(settings.dropout)
        self.words = RecurrentEncoder(dims.widths["language"], settings.hidden)
        self.output = nn.Linear(settings.hidden, dims.num_outputs)

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        words = inputs.sequence("language").shortened_to("start")
        if self.shift is not None:
            shift = self.shift(inputs, words)
            words = words.with_steps(words.steps + (shift.detach() if self.detach_shift else shift))
        prediction: Tensor = self.output(self.words(words.with_steps(self.dropout(words.steps)))).squeeze(-1)
        return prediction


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of the shift where there is none."""
    return frozenset() if settings["shift"] else frozenset({"shift_weight", "detach_shift", "cells"})


METHOD = Method(
    "raven",
    RAVENSettings,
    RAVEN,
    label="RAVEN",
    description="Words shifted by audio and vision of their time (Wang et al., AAAI 2019); after its description.",
    components=(
        Component("shift", "Shift", parts=("shift",), description="words move by what is shown while they are said"),
    ),
    presets={
        "official": {
            "cells": 150,
            "hidden": 300,
            "dropout": 0.2,
            "shift_weight": 0.2,
            "batch_size": 20,
            "learning_rate": 1e-3,
            "max_epochs": 500,
            "patience": 20,
            "clip.kind": "none",
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search={
        "shift_weight": {"log_uniform": [0.01, 1.0]},
        "hidden": {"choice": [64, 128, 256, 300]},
        "dropout": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 1e-2]},
    },
    inactive=inactive_settings,
)
