"""One vector per sample and modality, as TFN and LMF make them: averaged audio and vision, the text by an LSTM.

Zadeh et al., EMNLP 2017, section 4.1. A mean over time is one over real steps, and the LSTM ends at the last of them.
"""

from __future__ import annotations

from torch import Tensor, nn

from dmd.batch_sharing import BatchSharing
from dmd.layers.batch_norm import FeatureNorm
from dmd.layers.pooling import mean_of_real
from dmd.layers.recurrent import RecurrentEncoder
from dmd.layers.sequence import Sequence

_DEPTH = 3


class AveragedEncoder(nn.Module):
    """The mean over time, normalised, through three layers.

    Args:
        width: of the features.
        hidden: of each layer.
        dropout: on the normalised mean.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = FeatureNorm(width)
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        for depth in range(_DEPTH):
            layers += [nn.Linear(width if depth == 0 else hidden, hidden), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Sequence, sharing: BatchSharing) -> Tensor:
        """(B, T, width) -> (B, hidden)."""
        vector: Tensor = self.layers(self.norm(mean_of_real(x.steps, x.is_real), sharing))
        return vector


class TextEncoder(nn.Module):
    """An LSTM's last state through one linear layer.

    Args:
        width: of the features.
        hidden: of the LSTM.
        out: of the vector.
        dropout: on the last state.
    """

    def __init__(self, width: int, hidden: int, out: int, dropout: float) -> None:
        super().__init__()
        self.recurrent = RecurrentEncoder(width, hidden)
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, out))

    def forward(self, x: Sequence) -> Tensor:
        """(B, T, width) -> (B, out)."""
        vector: Tensor = self.layers(self.recurrent(x))
        return vector
