"""TFN's outer product by hand, what its components leave out, and that its text dropout is real."""

from __future__ import annotations

import pytest
import torch

from dmd.baselines.tfn import TFN, TFNSettings, fuse, interaction_orders
from dmd.declaration import Dims
from dmd.settings import build_config
from tests.dmd.baselines.inputs import some_input
from tests.dmd.builders import make_dims

DIMS = make_dims()
SMALL = {"hidden.language": 4, "hidden.audio": 3, "hidden.vision": 2, "text_out": 2, "fusion": 5}


def build(dims: Dims = DIMS, **settings: bool | float) -> TFN:
    torch.manual_seed(0)
    return TFN(build_config(TFNSettings, {**SMALL, **settings}, "tfn"), dims)


def test_the_outer_product_of_two_vectors_of_two_by_hand() -> None:
    first, second = torch.tensor([[2.0, 3.0]], dtype=torch.float64), torch.tensor([[5.0, 7.0]], dtype=torch.float64)
    assert fuse(first, second).tolist() == [[[1, 5, 7], [2, 10, 14], [3, 15, 21]]]


def test_every_row_has_the_outer_product_of_its_own_three_vectors() -> None:
    l, a, v = (torch.randn(4, width, dtype=torch.float64) for width in (2, 3, 2))  # noqa: E741
    fused = fuse(l, a, v)
    assert fused.shape == (4, 3, 4, 3)
    assert torch.equal(fused[:, 0, 0, 0], torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(fused[:, 2, 0, 0], l[:, 1])
    torch.testing.assert_close(fused[:, 0, 3, 1], a[:, 2] * v[:, 0])
    torch.testing.assert_close(fused[:, 1, 2, 2], l[:, 0] * a[:, 1] * v[:, 1])


def test_entries_are_counted_by_how_many_vectors_they_multiply() -> None:
    assert interaction_orders(2, 2).tolist() == [[0, 1, 1], [1, 2, 2], [1, 2, 2]]
    orders = interaction_orders(2, 3, 2).flatten().tolist()
    # 1; 2 + 3 + 2; 6 + 4 + 6; 12
    assert [orders.count(order) for order in range(4)] == [1, 7, 16, 12]


@pytest.mark.parametrize(
    ("bimodal", "trimodal", "entries"), [(True, True, 36), (True, False, 24), (False, True, 20), (False, False, 8)]
)
def test_a_component_that_is_off_has_neither_products_nor_weights(bimodal: bool, trimodal: bool, entries: int) -> None:
    model = build(bimodal=bimodal, trimodal=trimodal)
    assert model.head[1].in_features == entries
    assert model(some_input()).shape == (6,)


def test_predictions_stay_inside_the_scale_and_reach_for_its_ends() -> None:
    model = build().eval()
    with torch.no_grad():
        for bias, expected in ((50.0, 3.0), (-50.0, -3.0), (0.0, 0.0)):
            torch.nn.init.zeros_(model.head[-1].weight)
            torch.nn.init.constant_(model.head[-1].bias, bias)
            assert model(some_input()).tolist() == pytest.approx([expected] * 6, abs=1e-6)


@pytest.mark.parametrize("part", ["language", "audio", "vision", "fusion"])
def test_every_rate_of_dropout_is_one(part: str) -> None:
    rates = {f"dropout.{name}": 0.5 if name == part else 0.0 for name in ("language", "audio", "vision", "fusion")}
    model, inputs = build(**rates), some_input()
    model.train()
    assert not torch.equal(model(inputs), model(inputs))
    model = build(**dict.fromkeys(rates, 0.0))
    assert torch.equal(model(inputs), model(inputs))
