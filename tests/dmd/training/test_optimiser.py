"""Clipping and Adam in one compiled pass are torch's clipping followed by torch's Adam."""

from __future__ import annotations

import copy
import ctypes
import math
import subprocess
import sys
from array import array

import pytest
import torch
from torch import nn

from dmd.kernels import native
from dmd.kernels.native import AdamRates
from dmd.models.model import ParameterGroup
from dmd.training.config import Clip
from dmd.training.optimiser import ClippedAdam, clip_gradients

CLIPS = [Clip("value", 0.6), Clip("norm", 0.5), Clip("none")]
SIZES = [(3, 5), (64,), (2, 7, 11), (1,)]


def make_parameters(dtype: torch.dtype) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(size, generator=generator, dtype=dtype)) for size in SIZES]


def groups_of(parameters: list[nn.Parameter]) -> list[ParameterGroup]:
    return [ParameterGroup(parameters[:2], 1e-2), ParameterGroup(parameters[2:], 1e-3)]


def give_gradients(parameters: list[nn.Parameter], step: int) -> None:
    """Some beyond every limit, some within; the last tensor has none at first, as a part that is not always read."""
    generator = torch.Generator().manual_seed(1 + step)
    for place, parameter in enumerate(parameters):
        drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.grad = None if place == 3 and step < 2 else drawn.to(parameter.dtype)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tensors each compiled pass was given."""
    if not native.is_available():
        pytest.skip("no compiled passes")
    given: list[int] = []
    adam = native.adam

    def counted(parts: array[int], dtype: torch.dtype, rates: AdamRates) -> None:
        given.append(len(parts) // 6)
        adam(parts, dtype, rates)

    monkeypatch.setattr(native, "adam", counted)
    return given


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.kind)
def test_equals_torchs_clipping_and_adam(
    clip: Clip, weight_decay: float, dtype: torch.dtype, compiled: list[int]
) -> None:
    ours, theirs = make_parameters(dtype), make_parameters(dtype)
    optimiser = ClippedAdam(groups_of(ours), weight_decay, clip)
    reference = torch.optim.Adam(
        [{"params": g.parameters, "lr": g.learning_rate} for g in groups_of(theirs)], weight_decay=weight_decay
    )
    for step in range(12):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        optimiser.step()
        clip_gradients(theirs, clip)
        reference.step()
    tolerance = 1e-13 if dtype == torch.float64 else 2e-6
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own, other, atol=tolerance, rtol=tolerance)
        for name, value in reference.state[other].items():
            torch.testing.assert_close(
                optimiser.state[own][name], value, atol=tolerance, rtol=tolerance, check_dtype=False
            )
    # all steps but the first and the third, in which the last tensor comes in
    assert compiled == [2, 1] + [2, 2] * 9


def test_a_saved_state_goes_on_with_and_without_the_compiled_pass(
    compiled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint may be continued on a machine without a compiler, and the other way round."""
    first = make_parameters(torch.float64)
    optimiser = ClippedAdam(groups_of(first), 0.0, CLIPS[0])
    for step in range(4):
        give_gradients(first, step)
        optimiser.step()
    saved = copy.deepcopy(optimiser.state_dict())
    ends = []
    for is_available in (True, False):
        monkeypatch.setattr(native, "is_available", lambda answer=is_available: answer)
        second = [nn.Parameter(parameter.detach().clone()) for parameter in first]
        continued = ClippedAdam(groups_of(second), 0.0, CLIPS[0])
        continued.load_state_dict(copy.deepcopy(saved))
        del compiled[:]
        for step in range(4, 7):
            give_gradients(second, step)
            continued.step()
        assert len(compiled) == (6 if is_available else 0)
        assert {int(state["step"]) for state in continued.state.values()} == {7, 5}
        ends.append(second)
    for own, other in zip(*ends, strict=True):
        torch.testing.assert_close(own, other, atol=1e-13, rtol=1e-13)


def test_a_gradient_that_is_no_number_is_not_hidden(compiled: list[int]) -> None:
    parameter = nn.Parameter(torch.zeros(20))
    optimiser = ClippedAdam([ParameterGroup([parameter], 0.1)], 0.0, Clip())
    for bad in (0.0, math.nan):
        parameter.grad = torch.zeros(20)
        parameter.grad[3] = bad
        optimiser.step()
    assert compiled == [1]
    assert parameter[3].isnan()
    assert int(parameter.isnan().sum()) == 1


def test_the_pass_leaves_the_end_of_a_tensor_alone(compiled: list[int]) -> None:
    """Sizes that are no multiple of a vector: what lies behind a tensor stays what it was."""
    whole = torch.arange(40.0)
    parameter = nn.Parameter(whole[:21])
    optimiser = ClippedAdam([ParameterGroup([parameter], 0.1)], 0.0, Clip())
    for _ in range(2):
        parameter.grad = torch.ones(21)
        optimiser.step()
    assert compiled == [1]
    assert whole[21:].tolist() == [float(x) for x in range(21, 40)]
    assert not torch.equal(whole[:21], torch.arange(21.0))


def test_step_counts_are_torchs_numbers(compiled: list[int]) -> None:
    """The compiled pass counts in torch's own tensors, which are float32 whatever the parameters are."""
    parameter = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimiser = ClippedAdam([ParameterGroup([parameter], 0.1)], 0.0, Clip())
    parameter.grad = torch.ones(2, dtype=torch.float64)
    optimiser.step()
    count = optimiser.state[parameter]["step"]
    assert (count.dtype, count.element_size()) == (torch.float32, ctypes.sizeof(ctypes.c_float))


def test_torch_is_not_made_to_import_its_compiler() -> None:
    # In a process of its own: other tests may have imported it.
    program = """
import sys, torch
from dmd.models.model import ParameterGroup
from dmd.training.config import Clip
from dmd.training.optimiser import ClippedAdam
weight = torch.nn.Parameter(torch.ones(3))
optimiser = ClippedAdam([ParameterGroup([weight], 0.1)], 0.0, Clip("none"))
for _ in range(2):
    weight.grad = torch.ones(3)
    optimiser.step()
    optimiser.zero_grad()
optimiser.load_state_dict(optimiser.state_dict())
assert abs(weight[0].item() - 0.8) < 1e-6
sys.exit("torch._dynamo" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
