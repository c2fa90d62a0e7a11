"""Every switch of DMD, with the paper's position as default.

Where the paper, the published code and good sense disagree, the point is a setting (``docs/decisions`` and the
fact sheet number them); the ``paper`` preset is this file's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.layers.gd_unit import EdgePrior, EdgeSoftmax
from dmd.layers.pooling import Pool
from dmd.losses.decoupling import OrthogonalityAxis, OrthogonalityForm, ReconstructionReduction
from dmd.losses.distillation import RepresentationDistance
from dmd.losses.margin import LabelClass, MarginKind, TripletReduction, Triplets
from dmd.settings import setting

COMPONENTS = ("fd", "homo_gd", "ca", "hetero_gd")


@dataclass(frozen=True)
class Kernels:
    """Steps seen by the temporal projection of each modality."""

    language: int = setting(5, low=1, high=64)
    audio: int = setting(5, low=1, high=64)
    vision: int = setting(5, low=1, high=64)


@dataclass(frozen=True)
class AttentionRates:
    """Attention dropout; a crossmodal encoder takes the rate of its *source* modality."""

    language: float = setting(0.3, low=0, high=0.9)
    audio: float = setting(0.2, low=0, high=0.9)
    vision: float = setting(0.0, low=0, high=0.9)


@dataclass(frozen=True)
class DropoutRates:
    """Dropout by place. text: on the language features before projection; output: inside the heads."""

    text: float = setting(0.5, low=0, high=0.9)
    attention: AttentionRates = field(default_factory=AttentionRates)
    embed: float = setting(0.2, low=0, high=0.9)
    relu: float = setting(0.0, low=0, high=0.9)
    residual: float = setting(0.0, low=0, high=0.9)
    output: float = setting(0.5, low=0, high=0.9)


@dataclass(frozen=True)
class MarginSettings:
    """Eq. 4; see :func:`dmd.losses.margin.margin_loss`. project: compare learned projections, not means over time."""

    kind: MarginKind = setting("constant")
    triplets: Triplets = setting("cross_modal")
    label_class: LabelClass = setting("round7")
    reduction: TripletReduction = setting("triples")
    project: bool = setting(True)


@dataclass(frozen=True)
class OrthogonalitySettings:
    """Eq. 5; see :func:`dmd.losses.decoupling.orthogonality`."""

    form: OrthogonalityForm = setting("relu")
    axis: OrthogonalityAxis = setting("feature")


@dataclass(frozen=True)
class ReconstructionSettings:
    """Eqs. 2 and 3; see :func:`dmd.losses.decoupling.squared_distance`."""

    reduction: ReconstructionReduction = setting("mean")


@dataclass(frozen=True)
class GDSettings:
    """Both GD-Units; see :class:`dmd.layers.gd_unit.GDConfig`."""

    softmax: EdgeSoftmax = setting("all_edges")
    temperature: float = setting(8.0, low=0, low_exclusive=True)
    prior: EdgePrior = setting("none")
    regulariser: float = setting(10.0, low=0)
    representation_homo: RepresentationDistance = setting("off")
    representation_hetero: RepresentationDistance = setting("off")
    detach_teacher: bool = setting(True)
    detach_edge_inputs: bool = setting(False)
    size_homo: int = setting(64, low=1)
    size_hetero: int = setting(32, low=1)


@dataclass(frozen=True)
class DMDConfig:
    """The whole model. gamma, lambda1 (Eq. 6, 11), lambda2 (Eq. 11) weigh losses; alpha is the margin of Eq. 4."""

    fd: bool = setting(True, "feature decoupling")
    homo_gd: bool = setting(True, "graph distillation between common features")
    ca: bool = setting(True, "crossmodal attention on exclusive features")
    hetero_gd: bool = setting(True, "graph distillation between reinforced exclusive features")
    keep_aux_heads: bool = setting(False, "keep the heads of a switched-off GD-Unit: supervision without distillation")
    ca_off: Literal["self_attention", "identity"] = setting("self_attention", "what replaces crossmodal attention")
    gamma: float = setting(0.1, "weight of margin and orthogonality inside L_dec", low=0)
    lambda1: float = setting(0.1, "weight of L_dec", low=0)
    lambda2: float = setting(0.05, "weight of L_dtl", low=0)
    alpha: float = setting(0.1, "margin of Eq. 4", low=0)
    width: int = setting(50, "common width d", low=4, high=1024)
    heads: int = setting(10, "attention heads", low=1)
    levels: int = setting(4, "encoder layers", low=1, high=32)
    kernel: Kernels = field(default_factory=Kernels)
    dropout: DropoutRates = field(default_factory=DropoutRates)
    margin: MarginSettings = field(default_factory=MarginSettings)
    ort: OrthogonalitySettings = field(default_factory=OrthogonalitySettings)
    recon: ReconstructionSettings = field(default_factory=ReconstructionSettings)
    gd: GDSettings = field(default_factory=GDSettings)
    task_heads: Literal["all", "final"] = setting("all", "which heads the task loss sums over")
    gate: Literal["multiply", "replace"] = setting("multiply", "gate times feature, or the gate in its place")
    mask_padding: bool = setting(True, "padding is neither attended nor summarised nor reconstructed")
    pool: Pool = setting("last_valid", "how an encoder's output becomes one vector")
    causal: bool = setting(False, "apply the future mask of the published code")
    legacy_params: bool = setting(False, "add the published code's dead projections, to compare parameter counts")

    def __post_init__(self) -> None:
        if conflict := find_conflict(vars(self)):
            raise ConfigurationError(f"dmd: {conflict}")


def find_conflict(settings: Mapping[str, Any]) -> str | None:
    """Why these settings cannot run together, every reason, or None.

    With FD, all eight combinations of the other three mean something; without it only {}, {CA} and {CA, HeteroGD}.
    """
    problems = []
    width, heads = int(settings["width"]), int(settings["heads"])
    if width % 2:
        problems.append(f"width must be even (sinusoidal positions come in pairs), got {width}")
    if width % heads:
        problems.append(f"heads must divide width, got heads={heads} and width={width}")
    fd, homo_gd, ca, hetero_gd = (bool(settings[name]) for name in COMPONENTS)
    if homo_gd and not fd:
        problems.append("homo_gd needs fd: without feature decoupling there are no common features to distil between")
    if hetero_gd and not (fd or ca):
        problems.append("hetero_gd without fd needs ca: without either there are no exclusive or reinforced features")
    return "; ".join(problems) or None


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings that have no effect under the given components: there is nothing to search there."""
    fd, homo_gd, ca, hetero_gd = (bool(settings[name]) for name in COMPONENTS)
    inactive: set[str] = set()
    if not fd:
        inactive |= {"gamma", "lambda1", "alpha", "recon.reduction"}
        inactive |= {name for name in settings if name.startswith(("margin.", "ort."))}
    if not (homo_gd or hetero_gd):
        inactive |= {"lambda2"} | {name for name in settings if name.startswith("gd.")}
    if not homo_gd:
        inactive |= {"gd.size_homo", "gd.representation_homo"}
    if not hetero_gd:
        inactive |= {"gd.size_hetero", "gd.representation_hetero"}
    if ca:
        inactive.add("ca_off")
    if "language" not in str(settings.get("modalities", "language")):
        inactive.add("dropout.text")
    return frozenset(inactive)


OFFICIAL_PRIOR_HOMO = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
OFFICIAL_PRIOR_HETERO = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0)
"""Edge scores behind the published prior, in the order of ``EDGES``: language teaches (and vision teaches audio)."""
