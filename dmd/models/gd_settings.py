"""Settings that every GD-Unit has, whichever method it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from dmd.layers.gd_unit import EdgePrior, EdgeSoftmax, GDConfig
from dmd.losses.distillation import RepresentationDistance
from dmd.settings import setting

OFFICIAL_PRIOR_HOMO = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0)
OFFICIAL_PRIOR_HETERO = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0)
"""Edge scores behind the published prior, in the order of ``EDGES``: language teaches (and vision teaches audio)."""


@dataclass(frozen=True)
class GDUnitSettings:
    """What users set of a GD-Unit; see :class:`dmd.layers.gd_unit.GDConfig`.

    Attributes:
        softmax: over which edges the weights of an item sum to 1.
        temperature: divides the edge scores before the softmax.
        prior: kind of prior over the edges.
        regulariser: weight of the prior's term inside the unit.
        detach_teacher: no gradient flows into the source of an edge.
        detach_edge_inputs: no gradient flows from the edge weights into what they are computed from.
    """

    softmax: EdgeSoftmax = setting("all_edges")
    temperature: float = setting(8.0, low=0, low_exclusive=True)
    prior: EdgePrior = setting("none")
    regulariser: float = setting(10.0, low=0)
    detach_teacher: bool = setting(True)
    detach_edge_inputs: bool = setting(False)


def gd_config(
    settings: GDUnitSettings, prior_scores: tuple[float, ...], representation: RepresentationDistance
) -> GDConfig:
    """The configuration of one GD-Unit.

    Args:
        settings: what users set.
        prior_scores: six scores behind the official prior of the features that the unit stands on.
        representation: distance of representations.
    """
    return GDConfig(
        softmax=settings.softmax,
        temperature=settings.temperature,
        prior=settings.prior,
        prior_scores=prior_scores,
        regulariser=settings.regulariser,
        representation=representation,
        detach_teacher=settings.detach_teacher,
        detach_edge_inputs=settings.detach_edge_inputs,
    )
