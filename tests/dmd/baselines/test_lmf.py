"""LMF is TFN with a weight tensor of low rank: at full rank, any tensor; its ranks' weights are trained."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dmd.baselines.lmf import LMF, LMFSettings, LowRankFusion
from dmd.baselines.tfn import fuse, interaction_orders
from dmd.modalities import MODALITIES, Modality
from dmd.settings import build_config
from tests.dmd.baselines.inputs import some_input
from tests.dmd.builders import make_dims

WIDTHS: dict[Modality, int] = dict(zip(MODALITIES, (1, 2, 1), strict=True))
FULL_RANK = 2 * 3 * 2


def vectors(size: int = 5) -> dict[Modality, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {m: torch.randn(size, width, dtype=torch.float64, generator=generator) for m, width in WIDTHS.items()}


def at_full_rank(tensor: Tensor, *, bimodal: bool = True, trimodal: bool = True) -> LowRankFusion:
    """One rank for each entry of ``tensor`` (2, 3, 2): factors that pick the entry, its value as the weight."""
    fusion = LowRankFusion(WIDTHS, FULL_RANK, bimodal=bimodal, trimodal=trimodal).double()
    with torch.no_grad():
        for parameter in fusion.factors.values():
            parameter.zero_()
        for rank, place in enumerate(torch.cartesian_prod(*(torch.arange(n) for n in tensor.shape))):
            for m, index in zip(MODALITIES, place.tolist(), strict=True):
                fusion.factors[m][rank, index] = 1
            fusion.weights[0, rank] = tensor[tuple(place)]
        fusion.bias.fill_(0.25)
    return fusion


TENSOR = torch.randn(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("trimodal", [True, False])
@pytest.mark.parametrize("bimodal", [True, False])
def test_at_full_rank_it_is_the_full_tensor_on_the_outer_product(bimodal: bool, trimodal: bool) -> None:
    orders = interaction_orders(*WIDTHS.values())
    counts = (orders < 2) | ((orders == 2) & bimodal) | ((orders == 3) & trimodal)
    given = vectors()
    expected = (fuse(*given.values()) * TENSOR * counts).sum((1, 2, 3)) + 0.25
    fusion = at_full_rank(TENSOR, bimodal=bimodal, trimodal=trimodal)
    torch.testing.assert_close(fusion(given), expected, rtol=0, atol=1e-12)


def test_two_ranks_by_hand() -> None:
    fusion = LowRankFusion(WIDTHS, 2, bimodal=True, trimodal=True).double()
    with torch.no_grad():
        fusion.factors["language"].copy_(torch.tensor([[1.0, 2.0], [0.0, 1.0]]))
        fusion.factors["audio"].copy_(torch.tensor([[0.0, 1.0, 1.0], [2.0, 0.0, 0.0]]))
        fusion.factors["vision"].copy_(torch.tensor([[1.0, 0.0], [3.0, -1.0]]))
        fusion.weights.copy_(torch.tensor([[1.0, 10.0]]))
        fusion.bias.fill_(0.5)
    given: dict[Modality, Tensor] = {
        "language": torch.tensor([[2.0]], dtype=torch.float64),
        "audio": torch.tensor([[3.0, 4.0]], dtype=torch.float64),
        "vision": torch.tensor([[5.0]], dtype=torch.float64),
    }
    # (1 + 2*2) (3 + 4) 1 = 35;  2 * 2 * (3 - 5) = -8;  35 - 80 + 0.5
    assert fusion(given).item() == pytest.approx(-44.5, abs=1e-12)


def test_every_parameter_is_trained() -> None:
    torch.manual_seed(0)
    settings = {"hidden.language": 8, "hidden.audio": 16, "hidden.vision": 16, "text_out": 8}
    model = LMF(build_config(LMFSettings, settings, "lmf"), make_dims())
    model(some_input(size=12)).square().mean().backward()
    assert {"fusion.weights", "fusion.bias"} <= {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
