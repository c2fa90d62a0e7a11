"""What stands behind planted data: the latent variables of its clips."""

from __future__ import annotations

from dataclasses import dataclass

from dmd.data.formats.planted_question import Question
from dmd.data.samples.arrays import AnyArray
from dmd.modalities import Modality


@dataclass(frozen=True)
class Latents:
    """The latent variables behind each of n clips. Times are shares of the clip in [0, 1).

    Attributes:
        common: (n,) factor that all modalities show.
        exclusive: modality -> (n,) factor that it alone shows.
        event_sign: (n,) -1 or 1, sign of the event.
        event_time: (n,) when the event happens.
        audio_start: (n,) -1 or 1, state of the audio at the start of the clip.
        interaction: (n,) cross-modal interaction.
        additive: (n,) score without interaction and noise.
        score: (n,) what labels are made of.
        question: what language asks of the audio, where the interaction is that; None: it is an event.
    """

    common: AnyArray
    exclusive: dict[Modality, AnyArray]
    event_sign: AnyArray
    event_time: AnyArray
    audio_start: AnyArray
    interaction: AnyArray
    additive: AnyArray
    score: AnyArray
    question: Question | None = None
