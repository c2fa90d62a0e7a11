"""The three modalities. Always in this order, always these words."""

from typing import Literal

Modality = Literal["language", "audio", "vision"]
MODALITIES: tuple[Modality, ...] = ("language", "audio", "vision")
