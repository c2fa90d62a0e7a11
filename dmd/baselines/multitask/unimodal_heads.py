"""A head on the vector of each modality that has labels of its own, beside a fusion that predicts everything else.

The numbers of a target are told apart by their names: one called ``language``, ``audio`` or ``vision`` is what that
modality alone says. The first number is the one that is scored, so it is always the fusion's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from dmd.baselines.late_fusion import LateFusion
from dmd.data.samples.target import Target
from dmd.declaration import Dims, ModelInput, setting
from dmd.modalities import MODALITIES, Modality


@dataclass(frozen=True)
class UnimodalHeadWidths:
    """Widths of the two layers on the vector of each modality."""

    language: int = setting(32, "width of the layers on the text's vector", low=1, high=1024)
    audio: int = setting(32, "width of the layers on audio's vector", low=1, high=1024)
    vision: int = setting(32, "width of the layers on vision's vector", low=1, high=1024)


@dataclass(frozen=True)
class UnimodalHeadSettings:
    """Heads on vectors of single modalities.

    Attributes:
        width: of their layers.
        dropout: on the vectors.
    """

    width: UnimodalHeadWidths = field(default_factory=UnimodalHeadWidths)
    dropout: float = setting(0.2, "on the vectors that the heads read", low=0, high=0.9)


def labelled_modalities(target: Target) -> tuple[Modality, ...]:
    """The modalities that have a number of their own, which is not the first."""
    return tuple(m for m in MODALITIES if target.kind == "several" and m in target.names[1:])


def dims_of_fusion(dims: Dims) -> Dims:
    """The same without the numbers that heads predict."""
    target, labelled = dims.target, labelled_modalities(dims.target)
    rest = tuple(name for name in target.names if name not in labelled)
    if not labelled:
        return dims
    return replace(dims, target=Target("several", rest, target.scale) if len(rest) > 1 else Target(scale=target.scale))


class UnimodalHeads(nn.Module):
    """Two layers and a number for each modality that has labels.

    Args:
        widths: of the vectors.
        settings: of the heads.
        target: whose numbers are told apart by name.
    """

    def __init__(self, widths: Mapping[Modality, int], settings: UnimodalHeadSettings, target: Target) -> None:
        super().__init__()
        self.names = target.names
        self.heads = nn.ModuleDict(
            {m: _head(widths[m], getattr(settings.width, m), settings.dropout) for m in labelled_modalities(target)}
        )

    def forward(self, vectors: Mapping[Modality, Tensor], fused: Tensor) -> Tensor:
        """Modality -> its vector (B, w_m), and what the fusion predicts, (B,) or (B, R) -> (B,) or (B, K)."""
        if not self.heads:
            return fused
        of_fusion = iter(fused.view(len(fused), -1).unbind(1))
        own = {m: head(vectors[m]).squeeze(-1) for m, head in self.heads.items()}  # type: ignore[index]
        return torch.stack([own[name] if name in own else next(of_fusion) for name in self.names], dim=1)


class MultiTask(nn.Module):
    """A late fusion with a head on the vector of each modality that has labels."""

    def __init__(self, fusion: LateFusion, settings: UnimodalHeadSettings, target: Target) -> None:
        super().__init__()
        self.fusion = fusion
        self.unimodal = UnimodalHeads(fusion.widths, settings, target)

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        vectors = self.fusion.vectors(inputs)
        prediction: Tensor = self.unimodal(vectors, self.fusion.fuse(vectors))
        return prediction


def with_heads(make_fusion: Callable[[Any, Dims], LateFusion]) -> Callable[[Any, Dims], MultiTask]:
    """The builder of a multi-task method from that of its fusion; its settings have heads as ``unimodal``."""

    def build(settings: Any, dims: Dims) -> MultiTask:
        return MultiTask(make_fusion(settings, dims_of_fusion(dims)), settings.unimodal, dims.target)

    return build


def _head(width: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(width, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 1),
    )


def find_target_conflict(target: Target) -> str | None:
    """Why there is nothing to learn from labels of single modalities, or None."""
    if labelled_modalities(target):
        return None
    return (
        "learns from labels of single modalities, and the target has none; name them after the first, as `data: "
        "{target: {kind: several, names: [clip, language, audio, vision]}}`, or take the method without the m"
    )
