"""MLF-DNN (Yu et al., ACL 2020): late fusion whose networks of single modalities learn from labels of their own.

LF-DNN (``lf_dnn``) with two layers and a number on the vector of each modality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dmd.baselines.lf_dnn import LFDNN, LFDNNSettings
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.baselines.multitask.unimodal_heads import UnimodalHeadSettings, find_target_conflict, with_heads
from dmd.declaration import Method


@dataclass(frozen=True)
class MLFDNNSettings(LFDNNSettings):
    """Those of LF-DNN, and the heads.

    Attributes:
        unimodal: heads on the vectors of single modalities.
    """

    unimodal: UnimodalHeadSettings = field(default_factory=UnimodalHeadSettings)


METHOD = Method(
    "mlf_dnn",
    MLFDNNSettings,
    with_heads(LFDNN),
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
