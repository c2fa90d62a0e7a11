"""Sizes and dropout by modality, as the settings of several methods have them."""

from __future__ import annotations

from dataclasses import dataclass

from dmd.declaration import setting


@dataclass(frozen=True)
class HiddenWidths:
    """Width of the network of each modality."""

    language: int = setting(128, "width of the text's LSTM", low=1, high=1024)
    audio: int = setting(32, "width of the audio's layers", low=1, high=1024)
    vision: int = setting(128, "width of the vision's layers", low=1, high=1024)


@dataclass(frozen=True)
class EncoderDropout:
    """Dropout in the network of each modality."""

    language: float = setting(0.3, "on the text's last state", low=0, high=0.9)
    audio: float = setting(0.3, "on the averaged audio", low=0, high=0.9)
    vision: float = setting(0.3, "on the averaged vision", low=0, high=0.9)


@dataclass(frozen=True)
class FusionDropout(EncoderDropout):
    """The same, and on what the modalities are fused to."""

    fusion: float = setting(0.5, "on the fused features", low=0, high=0.9)
