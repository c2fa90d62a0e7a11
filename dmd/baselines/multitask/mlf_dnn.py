"""MLF-DNN (Yu et al., ACL 2020): late fusion whose networks of single modalities learn from labels of their own.

LF-DNN (``lf_dnn``) with two layers and a number on the vector of each modality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from dmd.baselines.lf_dnn import LFDNN, LFDNNSettings
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.baselines.multitask.unimodal_heads import (
    UnimodalHeads,
    UnimodalHeadSettings,
    dims_of_fusion,
    find_target_conflict,
)
from dmd.declaration import Dims, Method, ModelInput
from dmd.modalities import Modality


@dataclass(frozen=True)
class MLFDNNSettings(LFDNNSettings):
    """Those of LF-DNN, and the heads.

    Attributes:
        unimodal: heads on the vectors of single modalities.
    """

    unimodal: UnimodalHeadSettings = field(default_factory=UnimodalHeadSettings)


class MLFDNN(LFDNN):
    """LF-DNN with a head on the vector of each modality that has labels."""

    def __init__(self, settings: MLFDNNSettings, dims: Dims) -> None:
        super().__init__(settings, dims_of_fusion(dims))
        hidden = settings.hidden
        widths: dict[Modality, int] = {"language": settings.text_out, "audio": hidden.audio, "vision": hidden.vision}
        self.unimodal = UnimodalHeads(widths, settings.unimodal, dims.target)

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        vectors = self.vectors(inputs)
        prediction: Tensor = self.unimodal(vectors, self.fuse(vectors))
        return prediction


METHOD = Method(
    "mlf_dnn",
    MLFDNNSettings,
    MLFDNN,
    label="MLF-DNN",
    description="Late fusion that learns from labels of single modalities, too (Yu et al., ACL 2020).",
    presets={
        "default": {},
        # MMSA weighs the modalities one by one (0.2, 0.8 and 0.8 beside the 0.6 of the clip); here their sum is
        # shared equally. The weight decays that its networks of single modalities have of their own are not taken.
        "mmsa_sims": {
            **mmsa_training(32, 2e-3),
            "hidden.language": 64,
            "hidden.audio": 32,
            "hidden.vision": 64,
            "text_out": 32,
            "fusion": 32,
            "dropout": 0.3,
            "unimodal.width.language": 16,
            "unimodal.width.audio": 4,
            "unimodal.width.vision": 32,
            "unimodal.dropout": 0.5,
            "auxiliary_weight": 3.0,
        },
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 32},
    search={
        "dropout": {"uniform": [0.0, 0.5]},
        "auxiliary_weight": {"log_uniform": [0.1, 5.0]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 1e-2]},
    },
    find_target_conflict=find_target_conflict,
)
