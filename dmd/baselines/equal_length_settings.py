"""What methods that read the modalities step by step together share in their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmd.declaration import LossTerm, setting
from dmd.job import Setting
from dmd.layers.equal_lengths import Equaliser

CTC_LOSS = LossTerm("ctc", ("ctc_weight",), "the order of audio and vision along the language; with `ctc` alone")


@dataclass(frozen=True)
class EqualLengthSettings:
    """Inherited by the settings of such a method.

    Attributes:
        equal_lengths: what brings audio and vision to the steps of the language; without effect on lengths that are
            equal already, if it is ``pool``.
        ctc_weight: of the alignment's own error.
    """

    equal_lengths: Equaliser = setting("pool", "audio and vision to the language's steps: by averages, or aligned")
    ctc_weight: float = setting(1.0, "weight of the alignment's error", low=0)


def inactive_equal_lengths(settings: Mapping[str, Setting]) -> frozenset[str]:
    """The weight of an error that pooling does not have."""
    return frozenset({"ctc_weight"}) if settings["equal_lengths"] == "pool" else frozenset()
