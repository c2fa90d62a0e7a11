"""RAVEN: the bound of a shift by hand, words one after the other, gradients through the shift."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from dmd.baselines.raven import METHOD, NONVERBAL, RAVEN, RAVENSettings, Shift, bounded
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from tests.dmd.baselines.inputs import effect_of, in_float64, some_input
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {"cells": 4, "hidden": 6, "dropout": 0.0}


def build(settings: Mapping[str, Setting] = SMALL) -> RAVEN:
    torch.manual_seed(0)
    model = METHOD.build(build_config(RAVENSettings, settings, "raven"), make_dims())
    assert isinstance(model, RAVEN)
    return model.eval()


def test_a_shift_is_bounded_by_its_word_by_hand() -> None:
    """A word of length 5: a shift of length 10 becomes 0.2 x 5 long, one of 0.5 becomes 0.5 x 0.2 x 5 long."""
    word = torch.tensor([3.0, 4.0], dtype=torch.float64)
    long, short = torch.tensor([[6.0, 8.0], [0.3, 0.4]], dtype=torch.float64)
    torch.testing.assert_close(bounded(long, word, 0.2), torch.tensor([0.6, 0.8], dtype=torch.float64))
    torch.testing.assert_close(bounded(short, word, 0.2), torch.tensor([0.3, 0.4], dtype=torch.float64))


def word_by_word(model: RAVEN, row: Mapping[str, Tensor]) -> Tensor:
    """One clip without padding, each word shifted apart."""
    shift = model.shift
    assert isinstance(shift, Shift)
    words = row["language"]
    shifted = []
    for index, word in enumerate(words):
        states = []
        for m in NONVERBAL:
            part, given = shift.states[m], len(row[m])
            first = min(index * given // len(words), given - 1)
            end = min(max((index + 1) * given // len(words), first + 1), given)
            state = part.states.cells(part.into(row[m][first:end]).unsqueeze(0))[0][0, -1]  # type: ignore[union-attr,operator]
            states.append(part.gate(torch.cat([state, word])) * state)  # type: ignore[operator]
        shifted.append(word + bounded(shift.out(torch.cat(states)), word, 0.2))
    return model.output(model.words.cells(torch.stack(shifted).unsqueeze(0))[0][0, -1])[0]  # type: ignore[no-any-return]


def test_all_words_at_once_are_the_words_one_after_the_other() -> None:
    model, inputs = build().double(), in_float64(some_input())
    prediction = model(inputs)
    for index in range(len(inputs)):
        row = {m: inputs.features[m][index, : int(inputs.lengths[m][index])] for m in MODALITIES}
        torch.testing.assert_close(prediction[index], word_by_word(model, row), rtol=0, atol=1e-12)


def test_audio_and_vision_learn_through_the_shift_unless_it_is_detached() -> None:
    """In the published code the shift is detached: what reads audio and vision never gets a gradient."""
    for settings, learns in [(SMALL, True), ({**SMALL, "detach_shift": True}, False)]:
        model = build(settings)
        model(some_input()).sum().backward()
        assert model.shift is not None
        assert all((p.grad is not None and bool(p.grad.any())) == learns for p in model.shift.parameters())


def test_the_shift_decides_predictions() -> None:
    assert effect_of("shift", build(), some_input()) > 1e-2


def test_without_a_shift_the_words_alone_are_read() -> None:
    model = build({**SMALL, "shift": False})
    assert {name.split(".")[0] for name, _ in model.named_parameters()} == {"words", "output"}
    assert model(some_input()).shape == (6,)
