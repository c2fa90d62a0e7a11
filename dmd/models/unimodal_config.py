"""Every switch of the model of one modality, and its conflicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dmd.declaration.component import Component, LossTerm
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.modalities import MODALITIES, Modality
from dmd.models.backbone_config import BackboneConfig, find_size_conflict, inactive_in_projection
from dmd.models.dmd_config import OrthogonalitySettings, ReconstructionSettings
from dmd.settings import setting

COMPONENTS = (
    Component(
        "fd",
        "FD",
        parts=("decoupling.common",),
        description="feature decoupling of the one modality",
    ),
)
LOSSES = (
    LossTerm("task", description="error of the prediction: L1, or cross-entropy of classes and answers"),
    LossTerm("rec", ("lambda1",), "reconstruction of the projected features (Eq. 2)"),
    LossTerm("cyc", ("lambda1",), "exclusive features found again in the reconstruction (Eq. 3)"),
    LossTerm("ort", ("lambda1", "gamma"), "orthogonality of common and exclusive features (Eq. 5)"),
)

SEARCH: Mapping[str, Mapping[str, Sequence[Setting]]] = {
    "dropout.text": {"uniform": [0.0, 0.5]},
    "dropout.embed": {"uniform": [0.0, 0.5]},
    "gamma": {"log_uniform": [0.01, 1.0]},
    "lambda1": {"log_uniform": [0.01, 1.0]},
    "learning_rate": {"log_uniform": [1e-4, 3e-3]},
    "weight_decay": {"log_uniform": [1e-5, 1e-2]},
}
"""Four on language and three on the others, and the two weights of decoupling where it is on."""


@dataclass(frozen=True)
class UnimodalConfig(BackboneConfig):
    """The backbone on one modality, with what is left of decoupling there.

    Attributes:
        modality: the one that the model sees.
        fd: feature decoupling.
        gamma: weight of orthogonality inside L_dec (Eq. 6).
        lambda1: weight of L_dec (Eq. 11).
        ort: form of Eq. 5.
        recon: form of Eqs. 2 and 3.
    """

    modality: Modality = setting("language", "the one modality that the model sees")
    fd: bool = setting(False, "feature decoupling")
    gamma: float = setting(0.1, "weight of orthogonality inside L_dec", low=0)
    lambda1: float = setting(0.1, "weight of L_dec", low=0)
    ort: OrthogonalitySettings = field(default_factory=OrthogonalitySettings)
    recon: ReconstructionSettings = field(default_factory=ReconstructionSettings)

    def __post_init__(self) -> None:
        if conflict := find_conflict(vars(self)):
            raise ConfigurationError(f"unimodal: {conflict}")


def find_conflict(settings: Mapping[str, Any]) -> str | None:
    """Why these settings cannot run together, every reason, or None."""
    problems = [conflict] if (conflict := find_size_conflict(settings)) else []
    modality, visible = settings["modality"], str(settings.get("modalities", settings["modality"]))
    if modality not in visible:
        problems.append(f"the model reads {modality} alone, which modalities={visible} hides")
    return "; ".join(problems) or None


def needed_modalities(settings: Mapping[str, Setting]) -> frozenset[Modality]:
    """The one that the model reads."""
    return frozenset(modality for modality in MODALITIES if modality == settings["modality"])


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of the other modalities, and of decoupling where it is off."""
    modality = settings["modality"]
    of_each = ("kernel", "projection", "dropout.attention")
    inactive = {f"{group}.{m}" for group in of_each for m in MODALITIES if m != modality}
    inactive |= inactive_in_projection(settings)
    # the head is linear
    inactive.add("dropout.output")
    if modality != "language":
        inactive.add("dropout.text")
    if not settings["fd"]:
        inactive |= {name for name in settings if name in ("gamma", "lambda1") or name.startswith(("ort.", "recon."))}
    return frozenset(inactive)
