"""LMF: TFN's outer product with a weight tensor of low rank, so that the product is never formed.

Liu, Shen, Lakshminarasimhan, Liang, Zadeh and Morency, "Efficient Low-rank Multimodal Fusion with Modality-Specific
Factors", ACL 2018, DOI 10.18653/v1/P18-1209. The prediction is the sum over ranks, each with a weight of its own, of
the product over modalities of a factor times the vector with a 1 before it. The interactions are TFN's: multiplied out,
the products of two vectors are ``bimodal`` and those of three ``trimodal``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dmd.baselines.late_fusion import EncoderDropout, HiddenWidths, LateFusion
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.baselines.tfn import INTERACTIONS
from dmd.declaration import Dims, Method, setting
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class LMFHiddenWidths(HiddenWidths):
    """Width of the network of each modality."""

    audio: int = setting(16, "width of the audio's layers", low=1, high=1024)


@dataclass(frozen=True)
class LMFSettings:
    """Sizes, dropout and which products are formed.

    Attributes:
        hidden: widths of the networks of the modalities.
        text_out: width of the text's vector.
        rank: of the weight tensor.
        bimodal: the products of two modalities.
        trimodal: the products of three.
        dropout: rates.
    """

    hidden: LMFHiddenWidths = field(default_factory=LMFHiddenWidths)
    text_out: int = setting(64, "width of the text's vector", low=1, high=512)
    rank: int = setting(3, "of the weight tensor", low=1, high=64)
    bimodal: bool = setting(True, "products of two modalities")
    trimodal: bool = setting(True, "products of all three modalities")
    dropout: EncoderDropout = field(default_factory=EncoderDropout)


class LowRankFusion(nn.Module):
    """Vectors to one number per sample, or to K, by a tensor of the given rank for each.

    Args:
        widths: of the vector of each modality.
        rank: of the tensor.
        bimodal: whether the products of two vectors count.
        trimodal: whether those of three count.
        num_outputs: K; the ranks have weights in common, as in the published code.
    """

    def __init__(
        self, widths: Mapping[Modality, int], rank: int, *, bimodal: bool, trimodal: bool, num_outputs: int = 1
    ) -> None:
        super().__init__()
        self.counts = (True, True, bimodal, trimodal)
        self.ranks = (num_outputs, rank)
        num_factors = num_outputs * rank
        self.factors = nn.ParameterDict({m: nn.Parameter(torch.empty(num_factors, 1 + w)) for m, w in widths.items()})
        self.weights = nn.Parameter(torch.empty(1, rank))
        self.bias = nn.Parameter(torch.zeros(num_outputs))
        for parameter in (*self.factors.values(), self.weights):
            nn.init.xavier_normal_(parameter)

    def forward(self, vectors: Mapping[Modality, Tensor]) -> Tensor:
        """Modality -> (B, w_m); (B,) or (B, K)."""
        alone = [self.factors[m][:, 0].expand(len(x), -1) for m, x in vectors.items()]
        seen = [x @ self.factors[m][:, 1:].t() for m, x in vectors.items()]
        ranks = _products(alone, seen, self.counts).view(-1, *self.ranks)
        sums = (ranks @ self.weights.t()).squeeze(-1) + self.bias
        return sums.squeeze(-1)


def _products(alone: Sequence[Tensor], seen: Sequence[Tensor], counts: Sequence[bool]) -> Tensor:
    """The product of all ``alone + seen``, multiplied out by how many are ``seen``; those that count, added up."""
    if all(counts):
        return torch.stack([a + s for a, s in zip(alone, seen, strict=True)]).prod(0)
    by_order = [torch.ones_like(seen[0])]
    for a, s in zip(alone, seen, strict=True):
        without = [a * product for product in by_order]
        with_it = [s * product for product in by_order]
        by_order = [without[0], *(x + y for x, y in zip(without[1:], with_it[:-1], strict=True)), with_it[-1]]
    return torch.stack([product for product, count in zip(by_order, counts, strict=True) if count]).sum(0)


class LMF(LateFusion):
    """Three networks and the low-rank fusion of their vectors."""

    def __init__(self, settings: LMFSettings, dims: Dims) -> None:
        super().__init__(dims, settings.hidden, settings.text_out, settings.dropout)
        self.fusion = LowRankFusion(
            self.widths,
            settings.rank,
            bimodal=settings.bimodal,
            trimodal=settings.trimodal,
            num_outputs=dims.num_outputs,
        )

    def fuse(self, vectors: Mapping[Modality, Tensor]) -> Tensor:
        prediction: Tensor = self.fusion(vectors)
        return prediction


METHOD = Method(
    "lmf",
    LMFSettings,
    LMF,
    label="LMF",
    description="Low-rank multimodal fusion (Liu et al., ACL 2018): TFN's product with a weight tensor of low rank.",
    components=INTERACTIONS,
    presets={
        "default": {},
        "mmsa_mosi": mmsa_training(64, 1e-3, 5e-3),
        "mmsa_mosei": {
            **mmsa_training(32, 1e-3, 1e-3),
            "rank": 4,
            **{f"dropout.{m}": 0.2 for m in MODALITIES},
        },
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 32},
    search={
        "hidden.language": {"choice": [64, 128, 256]},
        "rank": {"choice": [1, 3, 4, 8, 16]},
        "dropout.language": {"uniform": [0.0, 0.5]},
        "learning_rate": {"log_uniform": [3e-4, 3e-3]},
        "weight_decay": {"log_uniform": [1e-5, 3e-2]},
    },
)
