"""A planted interaction that attention across modalities learns in few steps: language asks, one moment answers.

Every step of the audio bears a mark, a direction on a circle that no other step of the clip has, and a value, drawn
from a normal distribution. Language shows at each of its steps the mark of one moment: what it asks for. The answer is
the value there. Marks and values are drawn anew for every clip, independently of everything else. So language alone
says nothing of the answer, and audio alone no more than that it is one of the values: their mean explains one part in
as many as the clip has steps. Whoever relates the two finds it by its mark, as a query finds its key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.samples.arrays import AnyArray
from dmd.modalities import Modality
from dmd.random_streams import numpy_generator

MARK = 2.0
"""How large marks are, by the size of the other signals."""


@dataclass(frozen=True)
class Question:
    """What language asks of each of n clips, and what the audio says at its T steps.

    Attributes:
        marks: (n, T) angle of each moment.
        values: (n, T) what is said there.
        asked: (n,) the moment that is asked for, one of the clip's real steps.
    """

    marks: AnyArray
    values: AnyArray
    asked: AnyArray

    @property
    def answer(self) -> AnyArray:
        """(n,) the value at the moment that is asked for."""
        return np.asarray(self.values[np.arange(len(self.asked)), self.asked])

    def signals(self, modality: Modality, steps: int) -> AnyArray:
        """(n, steps, 2 or 3): marks, of language at every step that of the moment it asks for; of audio values, too."""
        if modality == "audio":
            return np.stack([MARK * np.cos(self.marks), MARK * np.sin(self.marks), self.values], axis=2)
        sought = self.marks[np.arange(len(self.asked)), self.asked]
        shown = MARK * np.stack([np.cos(sought), np.sin(sought)], axis=1) * (modality == "language")
        return np.repeat(shown[:, None], steps, axis=1)


def draw_question(spec: PlantedSpec, lengths: AnyArray) -> Question:
    """The questions of all clips. lengths: (n,) real steps of their audio."""
    generator = numpy_generator(spec.seed, "planted", "question")
    size = (len(lengths), spec.audio_steps)
    values = generator.standard_normal(size)
    marks = 2 * np.pi * generator.random(size).argsort(axis=1) / spec.audio_steps
    asked = np.floor(generator.random(len(lengths)) * lengths).astype(np.int64)
    return Question(marks, values, asked)
