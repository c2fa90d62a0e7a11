"""PMR-style: the gate by hand, the message's way into every modality, components."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dmd.baselines.pmr import METHOD, PMR, PMRSettings, Step
from dmd.dropout import no_dropout
from dmd.job import Setting
from dmd.kernels import native
from dmd.layers.encoder_layer import EncoderRates
from dmd.layers.sequence import Sequence
from dmd.layers.stacked_sequences import StackedSequences, stack
from dmd.settings import build_config
from tests.dmd.baselines.inputs import effect_of, in_float64, some_input
from tests.dmd.builders import TINY, make_dims

SMALL: dict[str, Setting] = {name: value for name, value in TINY.items() if not name.startswith("gd.")}


def build(**settings: Setting) -> PMR:
    torch.manual_seed(0)
    model = METHOD.build(build_config(PMRSettings, {**SMALL, **settings}, "pmr-style"), make_dims())
    assert isinstance(model, PMR)
    return model.eval()


class AddsOne(nn.Module):
    """Stands for an encoder layer."""

    def forward(self, x: Tensor, *_: object) -> Tensor:
        return x + 1


class Zero(nn.Module):
    """Stands for a gate that is in the middle."""

    def forward(self, both: Tensor) -> Tensor:
        return torch.zeros(*both.shape[:-1], both.shape[-1] // 2)


def reinforced(gate: nn.Module | None) -> StackedSequences:
    x = stack([Sequence(torch.full((1, 2, 4), 5.0), torch.tensor([2]))])
    return Step(EncoderRates((0.0,), 0.0, 0.0, 0.0), no_dropout, "here").reinforce(AddsOne(), gate, x, x)


def test_a_gate_in_the_middle_lets_half_pass_and_none_everything() -> None:
    assert reinforced(Zero()).steps.unique().tolist() == [5.5]
    assert reinforced(None).steps.unique().tolist() == [6.0]


def test_every_component_decides_predictions() -> None:
    for component in METHOD.components:
        for part in component.parts:
            assert effect_of(part, build(levels=2), some_input()) > 1e-3, part


def test_components_that_are_off_are_not_there() -> None:
    assert len(build(hub=False).hubs) == 0
    assert len(build(gate=False).gates) == 0
    assert build(hub=False, gate=False)(some_input()).shape == (6,)


def test_every_parameter_is_trained() -> None:
    """Ports of other hands make layers in every pass anew, or share one unit among all layers."""
    model = build(levels=2)
    model(some_input()).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_the_dropout_of_its_presets_is_the_same_compiled_and_in_torch_operations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: dict[str, Setting] = {"dropout.relu": 0.2, "dropout.residual": 0.2, "dropout.attention.language": 0.2}
    model = build(levels=2, **rates).double().train()
    given = in_float64(some_input())
    predictions = []
    for is_available in (native.is_available(), False):
        monkeypatch.setattr(native, "is_available", lambda answer=is_available: answer)
        torch.manual_seed(1)
        predictions.append(model(given))
    torch.testing.assert_close(*predictions, atol=1e-10, rtol=1e-10)
    assert not torch.equal(predictions[0], model(given))
