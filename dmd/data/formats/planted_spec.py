"""What planted data look like: one frozen value, and how a data set name spells it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

from dmd.data.samples.target import KINDS, SENTIMENT_TARGET, Target, TargetKind
from dmd.errors import DataError
from dmd.modalities import MODALITIES

PLANTED = "planted"
InteractionForm = Literal["event", "question"]
SEVERAL_NAMES = ("multimodal", *MODALITIES)
"""Of ``target=several``, as CH-SIMS has them: the clip as a whole, then each modality alone."""

_LABEL_KEYS: dict[str, str] = {
    "regression": "regression_labels",
    "classes": "classification_labels",
    "binaries": "emotion_labels",
}

MOST_VALUES = 1 << 29
"""Of all features together; they are made in memory (2 GB in float32)."""


@dataclass(frozen=True)
class PlantedSpec:
    """Planted data of known structure, see :mod:`dmd.data.formats.planted`.

    Attributes:
        seed: of all that is drawn.
        num_videos: groups.
        clips_per_video: samples per group.
        interaction: share of the variance of the latent score that the cross-modal interaction carries; 0 none, 1 all.
        interaction_form: ``event``: the sign of a language event times the state of the audio somewhat later;
            ``question``: what the audio says at the moment that language asks for
            (:mod:`dmd.data.formats.planted_question`), which is learned in far fewer steps.
        video_effect: share of the remaining (additive) variance that is the video's.
        label_noise: standard deviation of noise on the latent score (whose own is 1) that no model can explain.
        language_noise, audio_noise, vision_noise: standard deviation of the noise on each feature; each planted signal
            has size 0.5.
        language_width, audio_width, vision_width: features D_m.
        language_steps, audio_steps, vision_steps: maximum steps T_m.
        num_infinite: audio values set to -inf.
        num_neutral: how many labels, those nearest to 0, are set to exactly 0.
        target: ``regression``; ``classes`` (:mod:`dmd.data.formats.planted_classes`); ``binaries``: one question per
            class, is it this one?; ``several``: the score first, then what each modality alone says.
        num_classes: K, of ``classes`` and ``binaries``.
        imbalance: how often the most frequent class occurs per occurrence of the rarest one; 1: all equally often.
    """

    seed: int = 0
    num_videos: int = 30
    clips_per_video: int = 10
    interaction: float = 0.3
    video_effect: float = 0.1
    label_noise: float = 0.2
    language_noise: float = 0.5
    audio_noise: float = 1.0
    vision_noise: float = 1.0
    language_width: int = 20
    audio_width: int = 8
    vision_width: int = 12
    language_steps: int = 12
    audio_steps: int = 16
    vision_steps: int = 14
    num_infinite: int = 5
    num_neutral: int = 4
    target: TargetKind = "regression"
    num_classes: int = 4
    imbalance: float = 1.0
    interaction_form: InteractionForm = "event"

    def __post_init__(self) -> None:
        """Raises DataError with every field that is out of range."""
        problems = [
            f"{name} must be in {low:g}..{high:g}, but is {value:g}"
            for name, value, low, high in _ranges(self)
            if not low <= value <= high
        ]
        problems += _target_problems(self)
        num_clips = self.num_videos * self.clips_per_video
        if not problems and num_clips * self._values_per_clip > MOST_VALUES:
            problems = [
                f"{num_clips:,} clips of {self._values_per_clip:,} values are more than {MOST_VALUES:,} values; "
                "lower num_videos, clips_per_video, widths or steps"
            ]
        if problems:
            raise DataError(f"{PLANTED} data: " + "; ".join(problems))

    @property
    def _values_per_clip(self) -> int:
        return sum(int(getattr(self, f"{name}_width") * getattr(self, f"{name}_steps")) for name in MODALITIES)

    @property
    def has_classes(self) -> bool:
        """Whether labels are made of classes."""
        return self.target in ("classes", "binaries")

    @property
    def asks_questions(self) -> bool:
        """Whether the interaction is a question that language asks of the audio."""
        return self.interaction_form == "question"

    @property
    def declared_target(self) -> Target:
        """What is predicted."""
        if self.target == "regression":
            return SENTIMENT_TARGET
        names = tuple(f"class_{k}" for k in range(self.num_classes)) if self.has_classes else SEVERAL_NAMES
        return Target(self.target, names)

    @property
    def label_keys(self) -> tuple[str, ...]:
        """Where the labels stand in the file, as the field's files have them: one key, or one for each name."""
        if self.target == "several":
            return ("regression_labels", *(f"regression_labels_{key}" for key in "TAV"))
        return (_LABEL_KEYS[self.target],)

    @property
    def name(self) -> str:
        """The data set name that spells this value: only what differs from the default is said."""
        said = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"{PLANTED}:{','.join(said)}" if said else PLANTED


def _ranges(spec: PlantedSpec) -> list[tuple[str, float, float, float]]:
    """(name, value, low, high) of every number; widths hold at least the planted directions, four or five."""
    bounds: dict[str, tuple[float, float]] = {
        "seed": (0, 2**32 - 1),
        "num_videos": (3, 10_000),
        "clips_per_video": (1, 1_000),
        "interaction": (0, 1),
        "video_effect": (0, 1),
        "num_infinite": (0, 1_000),
        "num_neutral": (0, 1_000),
        "num_classes": (2, 8),
        "imbalance": (1, 100),
    }
    if spec.asks_questions:
        bounds["audio_width"] = (5.0, 2048.0)
    ends = {"_width": (4.0, 2048.0), "_steps": (4.0, 2048.0), "_noise": (0.0, 100.0)}
    found = []
    for part in fields(spec):
        if isinstance(part.default, str):
            continue
        low, high = bounds.get(part.name) or next(ends[end] for end in ends if part.name.endswith(end))
        found.append((part.name, float(getattr(spec, part.name)), low, high))
    return found


def _target_problems(spec: PlantedSpec) -> Iterator[str]:
    """A kind that there is not, and fields that have no meaning under the given kind."""
    unknown = [
        _unknown_word(name, value, known)
        for name, value, known in (
            ("target", spec.target, KINDS),
            ("interaction_form", spec.interaction_form, get_args(InteractionForm)),
        )
        if value not in known
    ]
    if unknown:
        yield from unknown
        return
    if spec.has_classes and spec.asks_questions:
        yield f"interaction_form=question has no meaning for target={spec.target}; remove it"
    ignored = {"num_neutral": spec.has_classes, "num_classes": not spec.has_classes, "imbalance": not spec.has_classes}
    for part in fields(spec):
        if ignored.get(part.name) and getattr(spec, part.name) != part.default:
            yield f"{part.name} has no meaning for target={spec.target}; remove it"


def _unknown_word(name: str, value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{name} must be one of {', '.join(known)}, but is {value!r}{hint}"


def parse_planted_name(text: str) -> PlantedSpec:
    """``planted`` or ``planted:seed=1,interaction=0.5``. Raises DataError naming every unknown or unreadable field."""
    _, _, tail = text.partition(":")
    kinds = {part.name: type(getattr(PlantedSpec(), part.name)) for part in fields(PlantedSpec)}
    values: dict[str, int | float | str] = {}
    problems = []
    for item in filter(None, (item.strip() for item in tail.split(","))):
        name, _, value = (side.strip() for side in item.partition("="))
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(kinds)}"
            problems.append(f"unknown field {name!r}, {hint}")
            continue
        try:
            values[name] = kinds[name](value)
        except ValueError:
            problems.append(f"{name} must be {'an integer' if kinds[name] is int else 'a number'}, but is {value!r}")
    if problems:
        raise DataError(f"{text}: " + "; ".join(problems))
    return PlantedSpec(**values)  # type: ignore[arg-type]  # each value was made of the field's own type above
