"""Every switch of DMD, with the paper's position as default.

Where the paper, the published code and good sense disagree, the point is a setting; the ``paper`` preset is this file's
defaults, and :mod:`dmd.models.dmd_presets` has the published code's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dmd.declaration.component import Component, KeptHeads, LossTerm, PublishedRows, find_component_conflict
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.losses.decoupling import OrthogonalityAxis, OrthogonalityForm, ReconstructionReduction
from dmd.losses.distillation import RepresentationDistance
from dmd.losses.margin import LabelClass, MarginKind, TripletReduction, Triplets
from dmd.models.backbone_config import BackboneConfig, find_size_conflict, inactive_in_projection
from dmd.models.gd_settings import GDUnitSettings
from dmd.settings import setting

COMPONENTS = (
    Component(
        "fd",
        "FD",
        parts=("decoupling.common", "decoupling.exclusive"),
        description="feature decoupling into common and exclusive features",
    ),
    Component(
        "homo_gd",
        "HomoGD",
        needs=("fd",),
        because="without feature decoupling there are no common features to distil between",
        description="graph distillation between common features",
    ),
    Component(
        "ca",
        "CA",
        parts=("crossmodal_attention",),
        description="crossmodal attention on exclusive features",
    ),
    Component(
        "hetero_gd",
        "HeteroGD",
        needs_any=("fd", "ca"),
        because="without either there are no exclusive or reinforced features",
        description="graph distillation between reinforced exclusive features",
    ),
)
"""In the order of Table 3."""

PUBLISHED = PublishedRows(
    rows=(
        ("fd", "homo_gd", "ca", "hetero_gd"),
        ("fd", "homo_gd", "ca"),
        ("fd", "homo_gd", "hetero_gd"),
        ("fd", "homo_gd"),
        ("fd",),
        (),
    ),
    source="Table 3 of the DMD paper",
)
KEPT_HEADS = KeptHeads("keep_aux_heads", ("hetero_gd", "homo_gd"), effect="distillation")

LOSSES = (
    LossTerm(
        "task", description="error of every head that is read (Eq. 11): L1, or cross-entropy of classes and answers"
    ),
    LossTerm("rec", ("lambda1",), "reconstruction of the projected features (Eq. 2)"),
    LossTerm("cyc", ("lambda1",), "exclusive features found again in the reconstruction (Eq. 3)"),
    LossTerm("mar", ("lambda1", "gamma"), "margin between emotion classes (Eq. 4)"),
    LossTerm("ort", ("lambda1", "gamma"), "orthogonality of common and exclusive features (Eq. 5)"),
    LossTerm("dtl", ("lambda2",), "distillation along the edges of both GD-Units (Eqs. 8 to 10)"),
)
"""A term that a model returns in parts (``task/final``, ``dtl/homo/logits``) is declared by their common beginning."""

SEARCH: Mapping[str, Mapping[str, Sequence[Setting]]] = {
    "gamma": {"log_uniform": [0.01, 1.0]},
    "lambda1": {"log_uniform": [0.01, 1.0]},
    "lambda2": {"log_uniform": [0.005, 0.5]},
    "alpha": {"uniform": [0.02, 0.5]},
    "learning_rate": {"log_uniform": [1e-4, 1e-3]},
}
"""A decade to each side of the weights that the paper prints, and the rates at which the model trains."""


@dataclass(frozen=True)
class MarginSettings:
    """Eq. 4; see :func:`dmd.losses.margin.margin_loss`.

    Attributes:
        kind: a constant margin, or one that grows with the gap between labels; any two classes are one apart.
        triplets: where positives and negatives come from.
        label_class: when two labels count as the same emotion class, where labels are numbers.
        reduction: mean over all triples, or over the pairs of each anchor and then over anchors.
        project: compare learned projections, not means over time.
    """

    kind: MarginKind = setting("constant")
    triplets: Triplets = setting("cross_modal")
    label_class: LabelClass = setting("round7")
    reduction: TripletReduction = setting("triples")
    project: bool = setting(True)


@dataclass(frozen=True)
class OrthogonalitySettings:
    """Eq. 5; see :func:`dmd.losses.decoupling.orthogonality`.

    Attributes:
        form: which part of the cosine is penalised.
        axis: the axis along which the cosine is taken.
    """

    form: OrthogonalityForm = setting("relu")
    axis: OrthogonalityAxis = setting("feature")


@dataclass(frozen=True)
class ReconstructionSettings:
    """Eqs. 2 and 3; see :func:`dmd.losses.decoupling.squared_distance`.

    Attributes:
        reduction: how the squared error is reduced.
    """

    reduction: ReconstructionReduction = setting("mean")


@dataclass(frozen=True)
class GDSettings(GDUnitSettings):
    """Both GD-Units: what they share, and what each has of its own.

    Attributes:
        representation_homo: distance by which HomoGD distils representations besides predictions; ``off``: it does not.
        representation_hetero: the same in HeteroGD.
        size_homo: s, the width that HomoGD maps logits and representations to.
        size_hetero: the same in HeteroGD.
    """

    representation_homo: RepresentationDistance = setting("off")
    representation_hetero: RepresentationDistance = setting("off")
    size_homo: int = setting(64, low=1)
    size_hetero: int = setting(32, low=1)


@dataclass(frozen=True)
class DMDConfig(BackboneConfig):
    """The whole model: its components, its losses and its heads.

    Attributes:
        fd: feature decoupling into common and exclusive features.
        homo_gd: graph distillation between common features; needs ``fd``.
        ca: crossmodal attention on exclusive features.
        hetero_gd: graph distillation between reinforced exclusive features; needs ``fd`` or ``ca``.
        keep_aux_heads: keep the heads of a GD-Unit that is switched off: supervision without distillation.
        ca_off: what replaces crossmodal attention where ``ca`` is off.
        gamma: weight of margin and orthogonality inside L_dec (Eq. 6).
        lambda1: weight of L_dec (Eq. 11).
        lambda2: weight of L_dtl (Eq. 11).
        alpha: margin of Eq. 4, a difference of cosines; for ``margin.kind: label_gap`` its factor on the gap.
        margin: form of Eq. 4.
        ort: form of Eq. 5.
        recon: form of Eqs. 2 and 3.
        gd: both GD-Units.
        task_heads: the heads that the task loss sums over; ``final``: the fused one alone.
        gate: ``multiply``: gate times feature; ``replace``: the gate in its place.
        legacy_params: add the published code's dead projections, to compare parameter counts.
    """

    fd: bool = setting(True, "feature decoupling")
    homo_gd: bool = setting(True, "graph distillation between common features")
    ca: bool = setting(True, "crossmodal attention; in DMD on exclusive features")
    hetero_gd: bool = setting(True, "graph distillation between reinforced exclusive features")
    keep_aux_heads: bool = setting(False, "keep the heads of a switched-off GD-Unit: supervision without distillation")
    ca_off: Literal["self_attention", "identity"] = setting("self_attention", "what replaces crossmodal attention")
    gamma: float = setting(0.1, "weight of margin and orthogonality inside L_dec", low=0)
    lambda1: float = setting(0.1, "weight of L_dec", low=0)
    lambda2: float = setting(0.05, "weight of L_dtl", low=0)
    alpha: float = setting(0.1, "margin of Eq. 4", low=0)
    margin: MarginSettings = field(default_factory=MarginSettings)
    ort: OrthogonalitySettings = field(default_factory=OrthogonalitySettings)
    recon: ReconstructionSettings = field(default_factory=ReconstructionSettings)
    gd: GDSettings = field(default_factory=GDSettings)
    task_heads: Literal["all", "final"] = setting("all", "which heads the task loss sums over")
    gate: Literal["multiply", "replace"] = setting("multiply", "gate times feature, or the gate in its place")
    legacy_params: bool = setting(False, "add the published code's dead projections, to compare parameter counts")

    def __post_init__(self) -> None:
        if conflict := find_conflict(vars(self)):
            raise ConfigurationError(f"dmd: {conflict}")


def find_conflict(settings: Mapping[str, Any]) -> str | None:
    """Why these settings cannot run together, every reason, or None.

    With FD, all eight combinations of the other three mean something; without it only {}, {CA} and {CA, HeteroGD}.
    """
    found = (find_size_conflict(settings), find_component_conflict(COMPONENTS, settings))
    return "; ".join(conflict for conflict in found if conflict) or None


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings that have no effect under the given components: there is nothing to search there."""
    fd, homo_gd, ca, hetero_gd = (bool(settings[component.name]) for component in COMPONENTS)
    inactive = set(inactive_in_projection(settings))
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
    return frozenset(inactive)
