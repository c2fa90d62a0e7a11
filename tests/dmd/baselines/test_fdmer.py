"""FDMER-style: whom the discriminator trains in which direction, and what each component adds to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from dmd.baselines.fdmer import FDMER, LOSSES, METHOD, FDMERSettings
from dmd.declaration import ModelInput
from dmd.job import Setting
from dmd.losses.gradient_reversal import reverse_gradient
from dmd.settings import build_config
from tests.dmd.baselines.inputs import some_input
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {"width": 8, "hidden": 4, "heads": 2, "dropout": 0.0}


def build(settings: Mapping[str, Setting] = SMALL) -> FDMER:
    torch.manual_seed(0)
    model = METHOD.build(build_config(FDMERSettings, settings, "fdmer-style"), make_dims())
    assert isinstance(model, FDMER)
    return model.eval()


def labelled() -> ModelInput:
    return replace(some_input(), labels=torch.linspace(-3, 3, 6))


def test_a_reversed_gradient_has_the_opposite_sign() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = reverse_gradient(x)
    assert torch.equal(y, x)
    (3 * y).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-3.0, -3.0]


def test_common_parts_learn_to_deceive_the_discriminator_and_own_parts_to_help_it() -> None:
    """A small step along the gradient of the adversarial loss: common parts are told apart worse, own ones better."""
    for part, sign in (("common", 1), ("own", -1)):
        model, inputs = build().double(), labelled()
        inputs = replace(inputs, features={m: x.double() for m, x in inputs.features.items()})
        before = model(inputs)[1]["adversarial"].mean()
        before.backward()
        with torch.no_grad():
            for parameter in model.get_submodule(part).parameters():
                assert parameter.grad is not None
                parameter -= 1e-3 * parameter.grad
        after = model(inputs)[1]["adversarial"].mean()
        assert sign * (after - before).item() > 0, part


@pytest.mark.parametrize("component", LOSSES)
def test_each_component_is_a_term_of_the_loss(component: str) -> None:
    assert set(build()(labelled())[1]) == set(LOSSES)
    assert set(build({**SMALL, component: False})(labelled())[1]) == set(LOSSES) - {component}
    assert build()(replace(labelled(), labels=None))[1] == {}


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    assert METHOD.conflict({**dict.fromkeys(LOSSES, True), "width": 10, "heads": 4}) is not None
