"""MFN: its mechanism step by step, its size, its components."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from dmd.baselines.mfn import METHOD, MFN, MFNSettings
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from tests.dmd.baselines.inputs import effect_of, equal_lengths_input, in_float64, with_features
from tests.dmd.baselines.sizes import MOSI, count_parameters
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {f"cells.{m}": width for m, width in zip(MODALITIES, (4, 2, 3), strict=True)}
SMALL |= {"memory.width": 5, "memory.candidate": 6, "memory.keep": 3, "memory.write": 4, "attention.units": 7}


def build(settings: Mapping[str, Setting] = SMALL) -> MFN:
    torch.manual_seed(0)
    model = METHOD.build(build_config(MFNSettings, settings, "mfn"), make_dims(steps=(6, 6, 6)))
    assert isinstance(model, MFN)
    return model.eval()


def perceptron(network: nn.Module, x: Tensor) -> Tensor:
    hidden: Tensor = network.into(x).relu()  # type: ignore[operator]
    answer: Tensor = network.out(hidden)  # type: ignore[operator]
    return answer


def cell(lstm: nn.Module, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    candidate, into, keep, out = (lstm.into(x) + lstm.again(h)).chunk(4, dim=-1)  # type: ignore[operator]
    c = keep.sigmoid() * c + into.sigmoid() * candidate.tanh()
    return out.sigmoid() * c.tanh(), c


def step_by_step(model: MFN, row: Mapping[str, Tensor]) -> Tensor:
    """One clip without padding through the equations of the paper, everything inside the loop over time."""
    system, attention, memory = model.fusion.system, model.fusion.attention, model.fusion.memory
    assert attention is not None
    assert memory is not None
    widths = {m: lstm.again.in_features for m, lstm in system.lstms.items()}  # type: ignore[union-attr]
    hidden = {m: torch.zeros(width, dtype=torch.float64) for m, width in widths.items()}  # type: ignore[arg-type]
    cells, state = dict(hidden), torch.zeros(5, dtype=torch.float64)
    for t in range(len(row["language"])):
        before = torch.cat([cells[m] for m in MODALITIES])
        for m in MODALITIES:
            hidden[m], cells[m] = cell(system.lstms[m], row[m][t], hidden[m], cells[m])
        both = torch.cat([before, *(cells[m] for m in MODALITIES)])
        attended = both * perceptron(attention.score, both).softmax(-1)
        gates = torch.cat([attended, state])
        kept, written = perceptron(memory.keep, gates).sigmoid(), perceptron(memory.write, gates).sigmoid()
        state = kept * state + written * perceptron(memory.candidate, attended).tanh()
    return perceptron(model.output, torch.cat([*(hidden[m] for m in MODALITIES), state]))


def test_all_steps_at_once_are_the_steps_one_after_the_other() -> None:
    model, inputs = build().double(), in_float64(equal_lengths_input())
    prediction, _ = model(inputs)
    for index, length in enumerate(inputs.lengths["language"].tolist()):
        row = {m: x[index, :length] for m, x in inputs.features.items()}
        torch.testing.assert_close(prediction[index], step_by_step(model, row)[0], rtol=0, atol=1e-12)


def test_audio_and_vision_are_sequences_and_not_their_means() -> None:
    model, inputs = build(), equal_lengths_input()
    for m in MODALITIES:
        x = inputs.features[m].clone()
        index = int(inputs.lengths[m].argmax())
        length = int(inputs.lengths[m][index])
        x[index, :length] = x[index, :length].flip(0)
        moved = with_features(inputs, {m: x})
        assert (model(moved)[0] - model(inputs)[0])[index].abs() > 1e-6, m


@pytest.mark.parametrize("part", [part for component in METHOD.components for part in component.parts])
def test_every_component_decides_predictions(part: str) -> None:
    assert effect_of(part, build(), equal_lengths_input()) > 1e-2


def test_components_that_are_off_are_not_there() -> None:
    assert build({**SMALL, "delta_attention": False}).fusion.attention is None
    bare = build({**SMALL, "delta_attention": False, "gated_memory": False})
    assert bare.fusion.memory is None
    assert bare(equal_lengths_input())[0].shape == (6,)
    assert METHOD.conflict({"delta_attention": True, "gated_memory": False}) is not None


def test_as_many_parameters_as_the_published_network() -> None:
    """Of the field's own package, MMSA 2.2.1, at equal sizes."""
    assert count_parameters("mfn", "mmsa_mosi") == 1_579_249
    assert count_parameters("mfn", "mmsa_mosi", MOSI) == 2_172_657
