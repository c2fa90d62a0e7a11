"""An LSTM in place of the temporal convolution: what it is, what it leaves alone, and that nothing reads padding.

That the side and the number of padded steps change nothing is among the tests of ``data/samples/test_alignment.py``.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dmd.dropout import NoDropout, no_dropout
from dmd.job import Setting
from dmd.layers.initialise import initialise
from dmd.modalities import Modality
from dmd.models.dmd_config import DMDConfig, inactive_settings
from dmd.models.model import Model
from dmd.models.projection import TemporalProjection
from dmd.registry import build_model
from dmd.settings import fields_of
from tests.dmd.builders import TINY, make_batch, make_dims

DIMS = make_dims()
SMALL = {name: value for name, value in TINY.items() if not name.startswith("gd.")}
ALL_LSTM: dict[str, Setting] = {f"projection.{m}": "lstm" for m in ("language", "audio", "vision")}


def projection(seed: int = 0) -> TemporalProjection:
    made = TemporalProjection(
        DIMS, {"language": 2, "audio": 2, "vision": 2}, 8, masks_padding=False, recurrent={"language"}
    )
    initialise(made, seed)
    return made


def sizes(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def by_hand(cells: nn.LSTM, x: torch.Tensor) -> torch.Tensor:
    """(T, D) -> (T, d): gates in PyTorch's order, input, forget, cell, output."""
    weights = {name: parameter.detach() for name, parameter in cells.named_parameters()}
    state = memory = torch.zeros(cells.hidden_size)
    states = []
    for step in x:
        sums = weights["weight_ih_l0"] @ step + weights["bias_ih_l0"] + weights["weight_hh_l0"] @ state
        i, f, g, o = (sums + weights["bias_hh_l0"]).chunk(4)
        memory = f.sigmoid() * memory + i.sigmoid() * g.tanh()
        state = o.sigmoid() * memory.tanh()
        states.append(state)
    return torch.stack(states)


@pytest.mark.parametrize("side", ["start", "end"])
def test_real_steps_hold_the_states_and_padding_holds_zero(side: str) -> None:
    made, batch = projection(), make_batch(DIMS, 5, side=side)  # type: ignore[arg-type]
    projected = made(batch, 0.0, no_dropout)
    language, given = projected["language"], batch.sequence("language")
    assert made.steps == {"language": 6, "audio": 6, "vision": 4}, "a state for each step, and windows of two"
    assert language.steps.shape == (5, 6, 8)
    assert torch.equal(language.lengths, given.lengths)
    cells = made.lstm["language"].cells
    assert isinstance(cells, nn.LSTM)
    for row in range(5):
        is_real = given.is_real[row]
        torch.testing.assert_close(language.steps[row, is_real], by_hand(cells, given.steps[row, is_real]))
        assert not language.steps[row, ~is_real].any()


def test_the_text_is_dropped_before_the_lstm() -> None:
    class Nothing(NoDropout):
        def __call__(self, x: torch.Tensor, rate: float, site: str) -> torch.Tensor:
            return 0 * x if (rate, site) == (0.5, "text") else x

    made, batch = projection(), make_batch(DIMS, 3, full=True)
    states = made(batch, 0.5, Nothing())["language"].steps
    torch.testing.assert_close(states, states[:1].expand(3, -1, -1), msg="states without inputs are equal in all rows")


def test_initial_values_are_those_of_seed_and_name() -> None:
    one, again, other = (dict(projection(seed).named_parameters()) for seed in (0, 0, 1))
    bound = 8**-0.5
    for name, parameter in one.items():
        assert torch.equal(parameter, again[name])
        assert not torch.equal(parameter, other[name])
        if name.startswith("lstm."):
            assert 0.5 * bound < float(parameter.detach().abs().max()) <= bound


@pytest.mark.parametrize(
    ("method", "settings"),
    [("dmd", TINY), ("mult", SMALL), ("unimodal", SMALL), ("dmd", {**TINY, "fd": False, "homo_gd": False})],
)
def test_only_the_projection_changes_and_all_of_it_is_trained(method: str, settings: dict[str, Setting]) -> None:
    conv = build_model(method, settings, DIMS, 0)
    lstm = build_model(method, {**settings, "projection.language": "lstm"}, DIMS, 0)
    before, after = dict(conv.named_parameters()), dict(lstm.named_parameters())
    assert set(before) - set(after) == {"projection.conv.language.weight"}
    assert {name.rsplit(".", 2)[0] for name in set(after) - set(before)} == {"projection.lstm.language"}
    # 4 d (D + d + 2): four gates that see a step, a state and two biases
    assert sizes(lstm.get_submodule("projection.lstm")) == 4 * 8 * (5 + 8 + 2)
    # weights that belong to a place in time are for more places
    of_places = ("homo_heads.language", "decoupling.align.language")
    shared = [name for name in after if name in before and not name.startswith(of_places)]
    assert all(torch.equal(after[name], before[name]) for name in shared)
    loss = lstm(make_batch(DIMS, 7), no_dropout).loss
    assert loss is not None
    loss.backward()
    for name, parameter in lstm.get_submodule("projection.lstm").named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()), name


def loss_of(model: Model) -> torch.Tensor:
    loss = model(make_batch(DIMS, 7), no_dropout).loss
    assert loss is not None
    return loss


@pytest.mark.parametrize("method", ["dmd", "mult", "unimodal"])
def test_a_convolution_that_is_named_is_the_default(method: str) -> None:
    settings = TINY if method == "dmd" else SMALL
    named: dict[str, Setting] = dict.fromkeys(ALL_LSTM, "conv")
    assert torch.equal(
        loss_of(build_model(method, settings, DIMS, 3)), loss_of(build_model(method, {**settings, **named}, DIMS, 3))
    )


@pytest.mark.parametrize("modality", ["language", "audio", "vision"])
def test_a_kernel_means_nothing_where_there_is_an_lstm(modality: Modality) -> None:
    settings: dict[str, Setting] = {**TINY, f"projection.{modality}": "lstm"}
    defaults = {part.name: part.default for part in fields_of(DMDConfig)}
    inactive = inactive_settings({**defaults, **settings})
    assert {name for name in inactive if name.startswith("kernel.")} == {f"kernel.{modality}"}
    before = loss_of(build_model("dmd", settings, DIMS, 0))
    assert torch.equal(before, loss_of(build_model("dmd", {**settings, f"kernel.{modality}": 4}, DIMS, 0)))
