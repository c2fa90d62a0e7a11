"""MISA's losses by hand, and that audio and vision are read to the end of their own steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dmd.baselines.misa import METHOD, MISA, MISASettings
from dmd.declaration.model_input import model_input
from dmd.job import Setting
from dmd.losses.subspaces import central_moment_discrepancy, squared_correlation
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from tests.dmd.baselines.inputs import in_float64, some_input
from tests.dmd.builders import make_batch, make_dims


def double(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def build(**settings: Setting) -> MISA:
    torch.manual_seed(0)
    given: dict[str, Setting] = {"hidden": 4, "dropout.encoder": 0.0, "dropout.fusion": 0.0, **settings}
    return MISA(build_config(MISASettings, given, "misa"), make_dims())


def test_five_moments_by_hand() -> None:
    """0, 1 and 2 (mean 1; moments 2/3, 0, 2/3, 0) against 0, 0 and 3 (mean 1; moments 2, 2, 6, 10)."""
    first, second = double([[0.0], [1.0], [2.0]]), double([[0.0], [0.0], [3.0]])
    by_hand = 0 + (2 - 2 / 3) + (2 - 0) + (6 - 2 / 3) + (10 - 0)
    assert central_moment_discrepancy(first, second).item() == pytest.approx(by_hand, abs=1e-12)
    assert central_moment_discrepancy(first, second, 2).item() == pytest.approx(4 / 3, abs=1e-12)


def test_the_distance_of_moments_is_that_of_vectors() -> None:
    first, second = double([[0.0, 0.0], [2.0, 0.0]]), double([[3.0, 4.0], [5.0, 4.0]])
    assert central_moment_discrepancy(first, second).item() == pytest.approx(5, abs=1e-12)


def test_equal_sets_are_no_distance_apart_and_have_finite_gradients() -> None:
    x = double([[0.2, 0.4], [0.6, 0.1], [0.3, 0.3]]).requires_grad_()
    distance = central_moment_discrepancy(x, x.detach())
    assert distance.item() == 0
    distance.backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_correlation_by_hand() -> None:
    """Centred, the rows are +-(3, 4) and +-(1, 0): of length 1, the product is 2 (.6, 0; .8, 0)."""
    first, second = double([[10.0, 20.0], [4.0, 12.0]]), double([[1.0, 5.0], [-1.0, 5.0]])
    assert squared_correlation(first, second).item() == pytest.approx((1.2**2 + 1.6**2) / 4, abs=1e-5)
    crossed = double([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    apart = double([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    assert squared_correlation(crossed, apart).item() == pytest.approx(0, abs=1e-12)


def test_losses_are_those_of_the_parts() -> None:
    """Six pairs of parts added up; three pairs of shared parts averaged; what decoders give back, averaged."""
    model, inputs = build().double(), in_float64(some_input(size=5))
    prediction, terms = model(inputs)
    whole = {m: model.projections[m](model._vector(m, inputs.sequence(m))) for m in MODALITIES}
    own = {m: model.private[m](x) for m, x in whole.items()}
    shared = {m: model.shared(x) for m, x in whole.items()}
    l, a, v = MODALITIES  # noqa: E741
    pairs = [(own[l], shared[l]), (own[a], shared[a]), (own[v], shared[v])]
    pairs += [(own[l], own[a]), (own[l], own[v]), (own[a], own[v])]
    torch.testing.assert_close(terms["difference"], sum(squared_correlation(*pair) for pair in pairs))
    between = [central_moment_discrepancy(shared[x], shared[y]) for x, y in ((l, a), (l, v), (a, v))]
    torch.testing.assert_close(terms["similarity"], sum(between) / 3)
    errors = [(model.decoders[m](own[m] + shared[m]) - whole[m]).square().mean(1) for m in MODALITIES]
    torch.testing.assert_close(terms["reconstruction"], sum(errors) / 3)
    assert inputs.labels is not None
    torch.testing.assert_close(terms["task"], (prediction - inputs.labels).square())


@pytest.mark.parametrize("component", METHOD.component_names)
def test_a_component_is_its_loss_and_nothing_else(component: str) -> None:
    _, terms = build(**{component: False})(some_input())
    assert set(terms) == {"task", *METHOD.component_names} - {component}


def test_the_text_is_its_mean_over_tokens_or_a_sequence() -> None:
    inputs = some_input(size=5)
    turned = dict(inputs.features)
    for row, length in enumerate(inputs.lengths["language"].tolist()):
        turned["language"] = turned["language"].clone()
        turned["language"][row, :length] = turned["language"][row, :length].flip(0)
    for encoder, changes in (("mean", False), ("lstm", True)):
        model = build(language_encoder=encoder).eval()
        moved = (model(replace(inputs, features=turned))[0] - model(inputs)[0]).abs().max()
        assert (moved > 1e-5) == changes


@pytest.mark.parametrize("modality", ["audio", "vision"])
def test_audio_and_vision_end_at_their_own_last_step(modality: str) -> None:
    """Whatever the length of the text: one token, twelve frames, the last of which counts."""
    model, dims = build().double().eval(), make_dims(steps=(3, 12, 12))
    inputs = in_float64(model_input(make_batch(dims, 2, full=True)))
    inputs = replace(inputs, lengths={**inputs.lengths, "language": torch.tensor([1, 1])})
    moved = dict(inputs.features)
    moved[modality] = inputs.features[modality].clone()  # type: ignore[index]
    moved[modality][:, -1] += 1  # type: ignore[index]
    assert (model(replace(inputs, features=moved))[0] - model(inputs)[0]).abs().min() > 1e-8


def test_the_encoder_is_torchs_packed_bidirectional_lstm() -> None:
    """Its lower layer, with the same weights."""
    model, inputs = build().double(), in_float64(some_input(size=5))
    lower, x = model.encoders["audio"].lower, inputs.sequence("audio")
    width = x.steps.shape[-1]
    reference = torch.nn.LSTM(width, width, batch_first=True, bidirectional=True).double()
    weights = dict(lower.onward.state_dict())
    weights |= {f"{name}_reverse": value for name, value in lower.back.state_dict().items()}
    reference.load_state_dict(weights)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x.steps, x.lengths, batch_first=True, enforce_sorted=False)
    states, (lasts, _) = reference(packed)
    states, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
    ours, ours_last = lower(x)
    torch.testing.assert_close(ours.steps * ours.is_real.unsqueeze(-1), states)
    torch.testing.assert_close(ours_last, torch.cat([*lasts], dim=-1))
