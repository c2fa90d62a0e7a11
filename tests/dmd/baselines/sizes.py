"""Numbers of parameters of a method, as a registry builds it."""

from __future__ import annotations

from dmd.declaration import Dims
from dmd.modalities import MODALITIES
from dmd.registry import build_model
from dmd.training.run import split_settings

CTX10 = (100, 73, 100)
MOSI = (768, 5, 20)


def count_parameters(method: str, preset: str, widths: tuple[int, int, int] = CTX10, num_steps: int = 10) -> int:
    dims = Dims(dict(zip(MODALITIES, widths, strict=True)), dict.fromkeys(MODALITIES, num_steps))
    model = build_model(method, split_settings(method, {"preset": preset}).settings, dims, seed=1)
    return sum(parameter.numel() for parameter in model.parameters())
