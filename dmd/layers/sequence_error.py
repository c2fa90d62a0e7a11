"""How far a generated sequence is from the one that it stands for."""

from __future__ import annotations

from torch import Tensor

from dmd.layers.pooling import mean_of_real
from dmd.layers.sequence import Sequence


def error_of_real(generated: Tensor, x: Sequence) -> Tensor:
    """(B,) the squared error of ``generated`` (B, T, w), averaged over the entries of each row's real steps."""
    return mean_of_real((generated - x.steps).square(), x.is_real).mean(-1)
