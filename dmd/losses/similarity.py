"""Losses on how the rows of a batch resemble each other, by the vectors that a model gives them.

Legend: B rows, w width.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from dmd.precision import in_float32


@in_float32
def gram_distance(x: Tensor, y: Tensor) -> Tensor:
    """``|S_x - S_y|_F^2 / B^2`` with S the cosines between rows, as AM-GCN's consistency (Wang et al., KDD 2020).

    Args:
        x: (B, w).
        y: (B, w).

    Returns:
        (), 0 where rows resemble each other in one as in the other.
    """
    x, y = F.normalize(x, dim=1), F.normalize(y, dim=1)
    return (x @ x.t() - y @ y.t()).square().mean()


@in_float32
def independence(x: Tensor, y: Tensor) -> Tensor:
    """The Hilbert-Schmidt independence criterion, ``tr(K H L H) / (B - 1)^2``, with linear kernels on unit vectors.

    Gretton et al., ALT 2005. It is the squared norm of the vectors' covariance, which needs no B x B kernel.

    Args:
        x: (B, w).
        y: (B, v).

    Returns:
        (), 0 for a single row.
    """
    centred = [part - part.mean(0) for part in (F.normalize(x, dim=1), F.normalize(y, dim=1))]
    return (centred[0].t() @ centred[1]).square().sum() / max(len(x) - 1, 1) ** 2
