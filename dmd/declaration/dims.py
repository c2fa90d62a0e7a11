"""Shapes that a model is built for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.modalities import Modality


@dataclass(frozen=True)
class Dims:
    """Shapes that a model is built for.

    Attributes:
        widths: modality -> D_m.
        max_steps: modality -> T_m.
        target: what is predicted.
    """

    widths: Mapping[Modality, int]
    max_steps: Mapping[Modality, int]
    target: Target = SENTIMENT_TARGET

    @property
    def num_outputs(self) -> int:
        """The width of a prediction: K for classes and the like, 1 for one number."""
        return self.target.num_outputs

    def with_language(self, width: int) -> Dims:
        """The same with language features of another width."""
        return replace(self, widths={**self.widths, "language": width})
