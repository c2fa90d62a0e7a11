"""Every switch of MulT, its conflicts, and the hyperparameters that others published for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dmd.declaration.component import Component, LossTerm
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.losses.distillation import RepresentationDistance
from dmd.modalities import MODALITIES
from dmd.models.backbone_config import BackboneConfig, find_size_conflict, inactive_in_projection
from dmd.models.gd_settings import GDUnitSettings
from dmd.settings import setting

COMPONENTS = (
    Component("ca", "CA", parts=("crossmodal_attention",), description="crossmodal attention"),
    Component("gd", "GD", description="graph distillation between the features before fusion"),
)
LOSSES = (
    LossTerm("task", description="error of every head that is read: L1, or cross-entropy of classes and answers"),
    LossTerm("dtl", ("lambda2",), "distillation along the edges of the GD-Unit (Eqs. 8 to 10)"),
)

SEARCH: Mapping[str, Mapping[str, Sequence[Setting]]] = {
    "dropout.text": {"uniform": [0.0, 0.5]},
    "dropout.embed": {"uniform": [0.0, 0.5]},
    "dropout.output": {"uniform": [0.0, 0.5]},
    "lambda2": {"log_uniform": [0.005, 0.5]},
    "learning_rate": {"log_uniform": [1e-4, 3e-3]},
}
"""The rates that :data:`PRESETS` differ in; four without graph distillation, whose weight is the fifth."""


@dataclass(frozen=True)
class MulTGDSettings(GDUnitSettings):
    """The one GD-Unit of MulT, on features of the kind that DMD's HeteroGD stands on.

    Attributes:
        representation: distance by which representations are distilled besides predictions; ``off``: they are not.
        size: s, the width that the unit maps logits and representations to.
    """

    representation: RepresentationDistance = setting("off")
    size: int = setting(32, low=1)


@dataclass(frozen=True)
class MulTConfig(BackboneConfig):
    """MulT on DMD's backbone; ``gd`` makes it the "MulT (w/ GD)" of Table 5 of the DMD paper.

    Attributes:
        ca: each modality is reinforced by the two others; off: it has a self-attention encoder of its own.
        gd: graph distillation between the features before fusion.
        keep_aux_heads: keep the heads of the GD-Unit where it is off: supervision without distillation.
        lambda2: weight of L_dtl.
        gd_unit: the GD-Unit.
        task_heads: the heads that the task loss sums over; ``final``: the fused one alone.
    """

    ca: bool = setting(True, "crossmodal attention; off: a self-attention encoder per modality")
    gd: bool = setting(False, "graph distillation between the pre-fusion features")
    keep_aux_heads: bool = setting(False, "keep the heads with GD off: supervision without distillation")
    lambda2: float = setting(0.05, "weight of L_dtl", low=0)
    gd_unit: MulTGDSettings = field(default_factory=MulTGDSettings)
    task_heads: Literal["all", "final"] = setting("all", "which heads the task loss sums over")

    def __post_init__(self) -> None:
        if conflict := find_size_conflict(vars(self)):
            raise ConfigurationError(f"mult: {conflict}")


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings that have no effect under the others."""
    inactive = set(inactive_in_projection(settings))
    if settings["gd"]:
        inactive.add("keep_aux_heads")
    else:
        inactive |= {"lambda2"} | {name for name in settings if name.startswith("gd_unit.")}
        if not settings["keep_aux_heads"]:
            inactive.add("task_heads")
    return frozenset(inactive)


def _by_modality(prefix: str, *values: Setting) -> dict[str, Setting]:
    return {f"{prefix}.{m}": value for m, value in zip(MODALITIES, values, strict=True)}


def _tsai(heads: int, batch_size: int, epochs: int, text: float, block: float, clip: float) -> dict[str, Setting]:
    """Tsai et al. 2019, Table 5. Its one block dropout is read as that of attention, feed-forward and residuals, its
    text dropout as that of embeddings too (their code has one flag for both), its language kernel "1 or 3" as 3."""
    return {
        "width": 40,
        "heads": heads,
        "levels": 4,
        **_by_modality("kernel", 3, 3, 3),
        "dropout.text": text,
        "dropout.embed": text,
        **_by_modality("dropout.attention", block, block, block),
        "dropout.relu": block,
        "dropout.residual": block,
        "dropout.output": 0.1,
        "batch_size": batch_size,
        "learning_rate": 1e-3,
        "max_epochs": epochs,
        "patience": epochs,
        "clip.kind": "norm",
        "clip.limit": clip,
        "plateau.factor": 0.1,
        "plateau.patience": 20,
    }


_MMSA: dict[str, Setting] = {
    "levels": 4,
    "dropout.relu": 0.0,
    "dropout.residual": 0.0,
    "dropout.output": 0.5,
    "align": "file",
    "mask_padding": False,
    "pool": "last",
    "causal": True,
    "patience": 8,
    "clip.kind": "value",
    "clip.limit": 0.6,
    "accumulation.steps": 8,
    "accumulation.average": False,
    "accumulation.flush_last": False,
    "plateau.factor": 0.1,
}
"""What MMSA's MulT has on both data sets, its treatment of padding and of accumulated gradients included."""

PRESETS: Mapping[str, Mapping[str, Setting]] = {
    "paper": {},
    "tsai_mosi": _tsai(heads=10, batch_size=128, epochs=100, text=0.2, block=0.2, clip=0.8),
    "tsai_mosei": _tsai(heads=8, batch_size=16, epochs=20, text=0.3, block=0.1, clip=1.0),
    "mmsa_mosi": {
        **_MMSA,
        "width": 50,
        "heads": 10,
        **_by_modality("kernel", 5, 5, 5),
        "dropout.text": 0.5,
        **_by_modality("dropout.attention", 0.3, 0.2, 0.0),
        "dropout.embed": 0.2,
        "batch_size": 16,
        "learning_rate": 2e-3,
        "plateau.patience": 5,
    },
    "mmsa_mosei": {
        **_MMSA,
        "width": 30,
        "heads": 6,
        **_by_modality("kernel", 5, 1, 3),
        "dropout.text": 0.3,
        **_by_modality("dropout.attention", 0.4, 0.0, 0.0),
        "dropout.embed": 0.0,
        "batch_size": 4,
        "learning_rate": 5e-4,
        "plateau.patience": 20,
    },
}
"""``paper``: the equations with DMD's sizes, so that a comparison with DMD is one of methods and not of sizes."""
