"""MLMF (Yu et al., ACL 2020): low-rank fusion whose networks of single modalities learn from labels of their own.

LMF (``lmf``) with two layers and a number on the vector of each modality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dmd.baselines.lmf import LMF, LMFSettings
from dmd.baselines.mmsa_presets import mmsa_training
from dmd.baselines.multitask.unimodal_heads import UnimodalHeadSettings, find_target_conflict, with_heads
from dmd.baselines.tfn import INTERACTIONS
from dmd.declaration import Method
from dmd.modalities import MODALITIES


@dataclass(frozen=True)
class MLMFSettings(LMFSettings):
    """Those of LMF, and the heads.

    Attributes:
        unimodal: heads on the vectors of single modalities.
    """

    unimodal: UnimodalHeadSettings = field(default_factory=UnimodalHeadSettings)


METHOD = Method(
    "mlmf",
    MLMFSettings,
    with_heads(LMF),
    label="MLMF",
    description="Low-rank fusion that learns from labels of single modalities, too (Yu et al., ACL 2020).",
    components=INTERACTIONS,
    presets={
        "default": {},
        # MMSA weighs the modalities one by one (1.0, 0.4 and 0.8 beside the 0.2 of the clip); here their sum is
        # shared equally. The weight decays that its networks of single modalities have of their own are not taken.
        "mmsa_sims": {
            **mmsa_training(128, 1e-3, 5e-3),
            "hidden.language": 256,
            "hidden.audio": 32,
            "hidden.vision": 256,
            "text_out": 128,
            "rank": 3,
            **{f"dropout.{m}": 0.3 for m in MODALITIES},
            "unimodal.width.language": 8,
            "unimodal.width.audio": 4,
            "unimodal.width.vision": 32,
            "unimodal.dropout": 0.4,
            "auxiliary_weight": 11.0,
        },
    },
    training={"learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 32},
    search={
        "rank": {"choice": [1, 3, 4, 8, 16]},
        "dropout.language": {"uniform": [0.0, 0.5]},
        "auxiliary_weight": {"log_uniform": [0.1, 5.0]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 1e-2]},
    },
    find_target_conflict=find_target_conflict,
)
