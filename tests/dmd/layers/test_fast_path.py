"""The fast model gives what the plain, paper-reading one gives: outputs, every loss term and every gradient."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from dmd.data.samples.arrays import Side
from dmd.dropout import SeededDropout, no_dropout
from dmd.job import Setting
from dmd.kernels import native
from dmd.layers.encoder import EncoderGroup
from dmd.modalities import MODALITIES
from dmd.models import projection
from dmd.registry import build_model
from dmd.training.run import split_settings
from tests.dmd.builders import FEASIBLE, TINY, make_batch, make_dims
from tests.dmd.layers.plain_encoder import plain_convolve, plain_forward

PASSES = ["torch", "compiled"] if native.is_available() else ["torch"]
SHAPES = {
    "aligned": (6, 6, 6),
    "nearly aligned": (6, 7, 5),  # padded to one length where padding is masked
    "unaligned": (4, 21, 40),  # every pair of lengths apart
}
TOLERANCE = 1e-10
RELU_ONLY: dict[str, Setting] = {f"dropout.attention.{m}": 0.0 for m in MODALITIES} | {"dropout.relu": 0.3}


@dataclass(frozen=True)
class Outcome:
    prediction: Tensor
    terms: dict[str, Tensor]
    gradients: dict[str, Tensor]


@pytest.fixture(params=PASSES)
def passes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "torch":
        monkeypatch.setattr(native, "is_available", lambda: False)
    return str(request.param)


def settings_of(preset: str, **settings: Setting) -> dict[str, Setting]:
    return dict(split_settings("dmd", {"preset": preset, **TINY, "levels": 2, **settings}).settings)


def run(settings: dict[str, Setting], steps: tuple[int, int, int], full: bool, side: Side = "start") -> Outcome:
    dims = make_dims(steps=steps)
    model = build_model("dmd", settings, dims, 0).double()
    # exact zeros would be taken for padding by the published positions; biases away from zero count in every product
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    drawn = make_batch(dims, 7, full=full, side=side)
    assert drawn.labels is not None
    double = {m: x.double() for m, x in drawn.features.items()}
    batch = replace(drawn, features=double, labels=drawn.labels.double())
    outputs = model(batch, no_dropout)
    assert outputs.loss is not None
    outputs.loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return Outcome(outputs.prediction.detach(), {k: v.detach() for k, v in outputs.terms.items()}, gradients)


def run_plain(
    settings: dict[str, Setting],
    steps: tuple[int, int, int],
    full: bool,
    monkeypatch: pytest.MonkeyPatch,
    side: Side = "start",
) -> Outcome:
    """The same by the plain encoder and projection, and nothing compiled."""
    monkeypatch.setattr(EncoderGroup, "forward", plain_forward)
    monkeypatch.setattr(projection, "convolve", plain_convolve)
    monkeypatch.setattr(native, "is_available", lambda: False)
    return run(settings, steps, full, side)


def name_of(components: dict[str, bool]) -> str:
    return "+".join(name for name, on in components.items() if on) or "none"


@pytest.mark.parametrize("side", ["full", "start", "end"])
@pytest.mark.parametrize("steps", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("preset", ["paper", "official"])
@pytest.mark.parametrize("components", FEASIBLE, ids=name_of)
def test_equals_the_plain_path(
    components: dict[str, bool],
    preset: str,
    steps: tuple[int, int, int],
    side: Literal["full", "start", "end"],
    passes: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(preset, **components)
    real_steps_at: Side = "start" if side == "full" else side
    fast = run(settings, steps, side == "full", real_steps_at)
    plain = run_plain(settings, steps, side == "full", monkeypatch, real_steps_at)
    exactly = {"atol": TOLERANCE, "rtol": TOLERANCE}
    torch.testing.assert_close(fast.prediction, plain.prediction, **exactly)
    assert fast.terms.keys() == plain.terms.keys()
    for name, term in plain.terms.items():
        torch.testing.assert_close(fast.terms[name], term, **exactly, msg=lambda text, name=name: f"{name}: {text}")
    assert fast.gradients.keys() == plain.gradients.keys()
    for name, gradient in plain.gradients.items():
        torch.testing.assert_close(
            fast.gradients[name], gradient, **exactly, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize(
    "settings",
    [{"pool": "mean_valid"}, {"pool": "last"}, {"causal": True}, {"causal": True, "mask_padding": False}],
    ids=str,
)
@pytest.mark.parametrize("side", ["start", "end"])
def test_equals_the_plain_path_under_other_switches(
    settings: dict[str, Setting], side: Side, passes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings_of("paper", **settings)
    fast = run(chosen, SHAPES["nearly aligned"], False, side)
    plain = run_plain(chosen, SHAPES["nearly aligned"], False, monkeypatch, side)
    torch.testing.assert_close(fast.prediction, plain.prediction, atol=TOLERANCE, rtol=TOLERANCE)
    for name, gradient in plain.gradients.items():
        torch.testing.assert_close(fast.gradients[name], gradient, atol=TOLERANCE, rtol=TOLERANCE)


@pytest.mark.parametrize("rates", [{}, RELU_ONLY, {"dropout.residual": 0.2}], ids=["preset", "relu only", "residual"])
@pytest.mark.parametrize("side", ["start", "end"])
def test_compiled_passes_draw_the_masks_that_torch_draws(
    rates: dict[str, Setting], side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout on, both ways give one result: every mask is a function of seed, step and site."""
    dims = make_dims(steps=SHAPES["nearly aligned"])
    batch = make_batch(dims, 7, side=side)
    model = build_model("dmd", settings_of("paper", **rates), dims, 0)
    losses = []
    for is_available in (native.is_available(), False):
        monkeypatch.setattr(native, "is_available", lambda answer=is_available: answer)
        losses.append(model(batch, SeededDropout(3, 5)).loss)
    torch.testing.assert_close(losses[0], losses[1], atol=1e-5, rtol=1e-5)
    assert losses[0] != model(batch, SeededDropout(3, 6)).loss


def test_the_compiled_passes_are_there_where_a_compiler_is() -> None:
    assert native.is_available() or shutil.which("cc") is None


def test_loading_the_compiled_passes_leaves_the_arithmetic_of_the_process_alone() -> None:
    native.library()
    assert 1e-310 * 1.0 != 0.0
    assert float(torch.tensor(1e-310, dtype=torch.float64) * 1.0) != 0.0


def test_large_scores_do_not_overflow(passes: str) -> None:
    """Attention far beyond what float32 can exponentiate is still a softmax."""
    dims = make_dims(steps=SHAPES["aligned"])
    model = build_model("dmd", settings_of("paper"), dims, 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".query." in name:
                parameter.mul_(1e4)
    outputs = model(make_batch(dims, 7), no_dropout)
    assert outputs.loss is not None
    outputs.loss.backward()
    assert outputs.loss.isfinite()
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)
