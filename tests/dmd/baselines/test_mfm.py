"""MFM: generation step by step, what the terms are of, its size, its components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import nn

from dmd.baselines.mfm import METHOD, MFM, Generator, MFMSettings
from dmd.declaration import ModelInput
from dmd.job import Setting
from dmd.layers.sequence import Sequence
from dmd.layers.sequence_error import error_of_real
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from tests.dmd.baselines.inputs import effect_of, equal_lengths_input, prediction_of
from tests.dmd.baselines.sizes import MOSI, count_parameters
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {f"cells.{m}": width for m, width in zip(MODALITIES, (4, 2, 3), strict=True)}
SMALL |= {"memory.width": 5, "memory.candidate": 6, "memory.keep": 3, "memory.write": 4, "attention.units": 7}
SMALL |= {f"{group}.{m}": 4 for group in ("latent", "factor") for m in ("shared", *MODALITIES)}


def build(settings: Mapping[str, Setting] = SMALL) -> MFM:
    torch.manual_seed(0)
    model = METHOD.build(build_config(MFMSettings, settings, "mfm"), make_dims(steps=(6, 6, 6)))
    assert isinstance(model, MFM)
    return model.eval()


def labelled() -> ModelInput:
    return replace(equal_lengths_input(), labels=torch.linspace(-3, 3, 6))


def test_a_generator_reads_the_factors_once_and_then_its_own_state() -> None:
    torch.manual_seed(0)
    generator = Generator(4, 3).double()
    factors = torch.randn(2, 4, dtype=torch.float64)
    given, hidden, cells = factors, torch.zeros_like(factors), torch.zeros_like(factors)
    for found in generator(factors, 5).unbind(1):
        candidate, into, keep, out = (generator.into(given) + generator.again(hidden)).chunk(4, dim=-1)
        cells = keep.sigmoid() * cells + into.sigmoid() * candidate.tanh()
        given = hidden = out.sigmoid() * cells.tanh()
        torch.testing.assert_close(found, generator.out(hidden), rtol=0, atol=1e-14)


def test_the_error_of_what_is_generated_counts_real_steps() -> None:
    """Two entries a step: errors 1 and 3 at the first, 2 and 0 at the second; the padded third has an error of 81."""
    x = Sequence(torch.zeros(1, 3, 2), torch.tensor([2]))
    generated = torch.tensor([[[1.0, 3.0], [2.0, 0.0], [9.0, 9.0]]])
    assert error_of_real(generated, x).tolist() == [(1 + 9 + 4 + 0) / 4]


def test_terms_are_there_with_labels_alone_and_are_all_declared() -> None:
    model = build()
    _, terms = model(labelled())
    assert set(terms) == {"mmd", *(f"generate_{m}" for m in MODALITIES)}
    assert set(terms) <= {term.name for term in METHOD.losses}
    assert model(replace(labelled(), labels=None))[1] == {}


def test_every_parameter_is_trained() -> None:
    """The field's package trains 45,313 that nothing reads: the head of the encoder inside."""
    model = build()
    prediction, terms = model(labelled())
    (prediction.sum() + sum(term.sum() for term in terms.values())).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("part", [part for component in METHOD.components for part in component.parts])
def test_every_component_in_the_way_of_the_prediction_decides_it(part: str) -> None:
    assert effect_of(part, build(), equal_lengths_input()) > 1e-2


def test_components_that_are_off_leave_the_prediction_its_way() -> None:
    without = build({**SMALL, "generative": False, "mmd": False})
    assert not any(isinstance(module, Generator) for module in without.modules())
    assert without(labelled())[1] == {}
    nn.init.zeros_(without.output.out.weight)
    assert prediction_of(without, labelled()).unique().numel() == 1
    assert set(build({**SMALL, "mmd": False})(labelled())[1]) == {f"generate_{m}" for m in MODALITIES}
    assert set(build({**SMALL, "generative": False})(labelled())[1]) == {"mmd"}


def test_as_many_parameters_as_the_published_network_less_its_unused_head() -> None:
    """Of MMSA 2.2.1 at equal sizes; 45,313 of them nothing ever reads."""
    assert count_parameters("mfm", "mmsa_mosi") == 951_155 - 45_313
    assert count_parameters("mfm", "mmsa_mosi", MOSI) == 1_416_123 - 45_313


def test_presets_train_at_the_rates_that_their_other_values_were_found_at() -> None:
    """Decision 215: whatever is configured, the field's package trains MFM at Adam's own 0.001."""
    assert {name: preset["learning_rate"] for name, preset in METHOD.presets.items()} == {
        "mmsa_mosi": 1e-3,
        "mmsa_mosei": 1e-3,
    }
