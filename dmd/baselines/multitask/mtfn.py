"""MTFN (Yu et al., ACL 2020): tensor fusion whose networks of single modalities learn from labels of their own.

TFN (``tfn``) with two layers and a number on the vector of each modality; that number has no bounds, as published.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dmd.baselines.mmsa_presets import mmsa_training
from dmd.baselines.multitask.unimodal_heads import UnimodalHeadSettings, find_target_conflict, with_heads
from dmd.baselines.tfn import INTERACTIONS, TFN, TFNSettings
from dmd.declaration import Method


@dataclass(frozen=True)
class MTFNSettings(TFNSettings):
    """Those of TFN, and the heads.

    Attributes:
        unimodal: heads on the vectors of single modalities.
    """

    unimodal: UnimodalHeadSettings = field(default_factory=UnimodalHeadSettings)


METHOD = Method(
    "mtfn",
    MTFNSettings,
    with_heads(TFN),
    label="MTFN",
    description="Tensor fusion that learns from labels of single modalities, too (Yu et al., ACL 2020).",
    components=INTERACTIONS,
    presets={
        "default": {},
        # MMSA weighs the modalities one by one (0.4, 0.0 and 1.0 beside the 0.6 of the clip); here their sum is
        # shared equally. The weight decays that its networks of single modalities have of their own are not taken.
        "mmsa_sims": {
            **mmsa_training(64, 5e-3, 5e-3),
            "hidden.language": 256,
            "hidden.audio": 32,
            "hidden.vision": 256,
            "text_out": 256,
            "fusion": 64,
            **{f"dropout.{part}": 0.2 for part in ("language", "audio", "vision", "fusion")},
            "unimodal.width.language": 64,
            "unimodal.width.audio": 4,
            "unimodal.width.vision": 8,
            "unimodal.dropout": 0.2,
            "auxiliary_weight": 2.33,
        },
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    search={
        "fusion": {"choice": [16, 32, 64, 128]},
        "dropout.fusion": {"uniform": [0.0, 0.7]},
        "auxiliary_weight": {"log_uniform": [0.1, 5.0]},
        "learning_rate": {"log_uniform": [5e-4, 5e-3]},
        "weight_decay": {"log_uniform": [1e-5, 1e-2]},
    },
    find_target_conflict=find_target_conflict,
)
