"""MCTN: predictions from the language alone, decoders that never see their target, every component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dmd.baselines.mctn import MCTN, METHOD, MCTNSettings, Translator
from dmd.data.formats.load import open_dataset
from dmd.declaration import ModelInput
from dmd.job import FoldRef, Job, Setting
from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from dmd.training.run import run_job
from tests.dmd.baselines.inputs import effect_of, prediction_of, some_input, with_features
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {"hidden": 4, "dropout": 0.0}


def build(settings: Mapping[str, Setting] = SMALL) -> MCTN:
    torch.manual_seed(0)
    model = METHOD.build(build_config(MCTNSettings, settings, "mctn"), make_dims())
    assert isinstance(model, MCTN)
    return model.eval()


def labelled() -> ModelInput:
    return replace(some_input(), labels=torch.linspace(-3, 3, 6))


def test_a_prediction_needs_the_language_alone() -> None:
    """Also while training: the field's port is given audio and vision as its decoders' own answers, in every pass."""
    model = build()
    others = {m: torch.randn_like(x) for m, x in labelled().features.items() if m != "language"}
    for inputs in (labelled(), replace(labelled(), labels=None)):
        assert torch.equal(prediction_of(model, inputs), prediction_of(model, with_features(inputs, others)))
    language = {"language": torch.randn_like(labelled().features["language"])}
    assert not torch.equal(prediction_of(model, labelled()), prediction_of(model, with_features(labelled(), language)))


def test_rows_never_meet() -> None:
    """The field's port runs its LSTMs across the batch."""
    model, inputs = build(), labelled()
    before, terms = model(inputs)
    moved = {m: torch.cat([x[:-1], torch.randn_like(x[-1:])]) for m, x in inputs.features.items()}
    after, moved_terms = model(with_features(inputs, moved))
    assert torch.equal(before[:-1], after[:-1])
    for name in ("translation", "cycle", "second_level"):
        torch.testing.assert_close(terms[name][:-1], moved_terms[name][:-1], rtol=0, atol=1e-6)


def test_a_decoder_goes_on_from_its_own_state() -> None:
    """Step by step with PyTorch's cell: the encoder's last states as input, attention over its real steps."""
    torch.manual_seed(0)
    network = Translator(3, 2).double()
    x = Sequence(torch.randn(1, 5, 3, dtype=torch.float64), torch.tensor([4]))
    states, lasts = network.encode(x)
    cell = torch.nn.LSTMCell(4, 2).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, getattr(network.decoder, f"{name}_l0"))
    state = None
    for found in network.decode((states, lasts), 6)[0]:
        state = cell(lasts, state)
        weights = (network.compare(state[0]) @ states.steps[0, :4].t()).softmax(-1)
        joined = torch.cat([state[0], weights @ states.steps[0, :4]], dim=-1)
        torch.testing.assert_close(found, torch.tanh(network.join(joined))[0], rtol=0, atol=1e-14)


def test_every_parameter_is_trained() -> None:
    """In the field's port 16,384 recurrent weights never change."""
    model = build()
    prediction, terms = model(labelled())
    (prediction.sum() + sum(term.sum() for term in terms.values())).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_components_leave_their_terms_away() -> None:
    names = {"translation", "shrinkage", "cycle", "second_level"}
    assert set(build()(labelled())[1]) == names == {term.name for term in METHOD.losses}
    assert set(build({**SMALL, "cycle": False})(labelled())[1]) == names - {"cycle"}
    assert set(build({**SMALL, "second_level": False})(labelled())[1]) == names - {"second_level"}
    assert effect_of("second_level.encoder", build(), some_input()) > 1e-2


@pytest.mark.parametrize("first", ["audio", "vision"])
def test_either_modality_can_come_first(first: str) -> None:
    model = build({**SMALL, "first": first})
    other = "vision" if first == "audio" else "audio"
    moved = {m: torch.randn_like(labelled().features[m]) for m in MODALITIES if m == other}
    before, after = model(labelled())[1], model(with_features(labelled(), moved))[1]
    assert torch.equal(before["translation"], after["translation"])
    assert not torch.equal(before["second_level"], after["second_level"])


@pytest.mark.long
def test_from_text_alone_it_is_better_than_the_median(tmp_path: Path) -> None:
    """On planted data by 0.2: the issue's bar."""
    dataset = open_dataset("planted", tmp_path)
    settings: dict[str, Setting] = {"max_epochs": 12, "hidden": 16}
    found = run_job(Job("mctn", settings, 1, FoldRef()), dataset, lambda _: True)
    median = run_job(Job("median", {}, 1, FoldRef()), dataset, lambda _: True)
    assert found.valid["mae"] < median.valid["mae"] - 0.2
