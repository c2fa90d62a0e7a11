"""How the components of DMD are written in tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COMPONENT_LABELS: Mapping[str, str] = MappingProxyType(
    {"fd": "FD", "homo_gd": "HomoGD", "ca": "CA", "hetero_gd": "HeteroGD", "gd": "GD"}
)
"""Toggle -> label; a toggle of another method is shown under its own name."""
