"""Shapes that a model is built for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmd.modalities import Modality


@dataclass(frozen=True)
class Dims:
    """Shapes that a model is built for: widths D_m and maximum steps T_m."""

    widths: Mapping[Modality, int]
    max_steps: Mapping[Modality, int]

    def with_language(self, width: int) -> Dims:
        """The same with language features of another width."""
        return Dims({**self.widths, "language": width}, self.max_steps)
