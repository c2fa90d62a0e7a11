"""What LF-DNN, TFN and LMF have in common: a vector of each modality, and their sizes and dropout by modality."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from dmd.declaration import Dims, ModelInput, setting
from dmd.layers.utterance_encoders import AveragedEncoder, TextEncoder
from dmd.modalities import Modality


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


class LateFusion(nn.Module):
    """The text by an LSTM, averaged audio and vision by three layers, and what a method makes of the three vectors.

    Attributes:
        widths: modality -> width of its vector.

    Args:
        dims: of the data.
        hidden: widths of the networks.
        text_out: width of the text's vector.
        dropout: in the networks.
    """

    def __init__(self, dims: Dims, hidden: HiddenWidths, text_out: int, dropout: EncoderDropout) -> None:
        super().__init__()
        self.widths: dict[Modality, int] = {"language": text_out, "audio": hidden.audio, "vision": hidden.vision}
        self.language = TextEncoder(dims.widths["language"], hidden.language, text_out, dropout.language)
        self.audio = AveragedEncoder(dims.widths["audio"], hidden.audio, dropout.audio)
        self.vision = AveragedEncoder(dims.widths["vision"], hidden.vision, dropout.vision)

    def forward(self, inputs: ModelInput) -> Tensor:
        """(B,) or (B, K)."""
        return self.fuse(self.vectors(inputs))

    def vectors(self, inputs: ModelInput) -> dict[Modality, Tensor]:
        """Modality -> (B, width of its vector)."""
        return {
            "language": self.language(inputs.sequence("language")),
            "audio": self.audio(inputs.sequence("audio"), inputs.sharing),
            "vision": self.vision(inputs.sequence("vision"), inputs.sharing),
        }

    @abstractmethod
    def fuse(self, vectors: Mapping[Modality, Tensor]) -> Tensor:
        """Modality -> (B, width of its vector) to the prediction, (B,) or (B, K)."""
