"""Settings of the backbone that DMD took from MulT: temporal projection and transformer encoders.

Every method on that backbone inherits them, so that a setting means the same, and has the same default, in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dmd.job import Setting
from dmd.layers.pooling import Pool
from dmd.modalities import MODALITIES, Modality
from dmd.settings import setting


@dataclass(frozen=True)
class Kernels:
    """Kernel of the temporal projection of each modality.

    Attributes:
        language, audio, vision: steps that the temporal projection of this modality blends.
    """

    language: int = setting(5, low=1, high=64)
    audio: int = setting(5, low=1, high=64)
    vision: int = setting(5, low=1, high=64)


Projected = Literal["conv", "lstm"]


@dataclass(frozen=True)
class Projections:
    """What brings the features of each modality to the common width.

    Attributes:
        language, audio, vision: ``conv``: a temporal convolution, as published; ``lstm``: the states of an LSTM, one
            for each real step, and then the kernel of this modality means nothing.
    """

    language: Projected = setting("conv")
    audio: Projected = setting("conv")
    vision: Projected = setting("conv")


@dataclass(frozen=True)
class AttentionRates:
    """Attention dropout; a crossmodal encoder takes the rate of its *source* modality.

    Attributes:
        language, audio, vision: dropout of attention weights whose source is this modality.
    """

    language: float = setting(0.3, low=0, high=0.9)
    audio: float = setting(0.2, low=0, high=0.9)
    vision: float = setting(0.0, low=0, high=0.9)


@dataclass(frozen=True)
class DropoutRates:
    """Dropout rates, shares in [0, 0.9], by where they act.

    Attributes:
        text: dropout of the language features before projection.
        attention: attention weights, by source modality.
        embed: dropout of an encoder's inputs, after positions are added.
        relu: dropout of hidden units of an encoder's feed-forward part.
        residual: dropout of outputs of attention and feed-forward, before they are added to the residual.
        output: dropout of hidden units of the heads.
    """

    text: float = setting(0.5, low=0, high=0.9)
    attention: AttentionRates = field(default_factory=AttentionRates)
    embed: float = setting(0.2, low=0, high=0.9)
    relu: float = setting(0.0, low=0, high=0.9)
    residual: float = setting(0.0, low=0, high=0.9)
    output: float = setting(0.5, low=0, high=0.9)


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes and dropout of projection and encoders; defaults are those of DMD on CMU-MOSI.

    Attributes:
        width: d, common to all modalities; even and a multiple of ``heads``.
        heads: attention heads.
        levels: layers per encoder.
        kernel: steps that the temporal projection sees.
        dropout: rates.
    """

    width: int = setting(50, "common width d", low=4, high=1024)
    heads: int = setting(10, "attention heads", low=1)
    levels: int = setting(4, "encoder layers", low=1, high=32)
    kernel: Kernels = field(default_factory=Kernels)
    dropout: DropoutRates = field(default_factory=DropoutRates)

    @property
    def kernels(self) -> dict[Modality, int]:
        """Modality -> kernel."""
        return {m: getattr(self.kernel, m) for m in MODALITIES}


@dataclass(frozen=True)
class BackboneConfig(EncoderSizes):
    """Sizes, dropout, projection and masks of the backbone.

    Attributes:
        projection: of each modality to the common width.
        mask_padding: padding is neither attended nor summarised nor reconstructed.
        pool: how an encoder's output (B, T, d) becomes one vector (B, d).
        causal: apply the future mask of the published code.
    """

    projection: Projections = field(default_factory=Projections)
    mask_padding: bool = setting(True, "padding is neither attended nor summarised nor reconstructed")
    pool: Pool = setting("last_valid", "how an encoder's output becomes one vector")
    causal: bool = setting(False, "apply the future mask of the published code")

    @property
    def recurrent(self) -> frozenset[Modality]:
        """The modalities that an LSTM projects."""
        return frozenset(m for m in MODALITIES if getattr(self.projection, m) == "lstm")


def find_size_conflict(settings: Mapping[str, Any]) -> str | None:
    """Why an encoder of this width cannot be built, every reason, or None."""
    problems = []
    width, heads = int(settings["width"]), int(settings["heads"])
    if width % 2:
        problems.append(f"width must be even (sinusoidal positions come in pairs), got {width}")
    if width % heads:
        problems.append(f"heads must divide width, got heads={heads} and width={width}")
    return "; ".join(problems) or None


def inactive_without_language(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Dropout on language features does nothing where language is blank."""
    return frozenset() if "language" in str(settings.get("modalities", "language")) else frozenset({"dropout.text"})


def inactive_in_projection(settings: Mapping[str, Setting]) -> frozenset[str]:
    """The same, and an LSTM has no kernel."""
    without_kernel = {f"kernel.{m}" for m in MODALITIES if settings.get(f"projection.{m}") == "lstm"}
    return inactive_without_language(settings) | without_kernel
