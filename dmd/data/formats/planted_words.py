"""What planted data are made of, in sentences: the truth that the findings of a report can be held to."""

from __future__ import annotations

from collections.abc import Iterator

from dmd.data.formats.planted_spec import PlantedSpec, parse_planted_name
from dmd.modalities import MODALITIES

SIGNAL = 0.5
"""Size of a signal in each feature."""

_DROWNED = 20.0
"""Noise over signal, from which on next to nothing can be learned from a modality."""

_INTERACTIONS = {
    "question": "what the audio says at the moment that language asks for, which neither tells alone",
    "event": "the sign of a language event times the state of the audio a quarter of the clip later",
}


def describe_planted(name: str) -> tuple[str, ...]:
    """What the label of data called ``name`` consists of, and which modalities show nothing. Raises DataError."""
    return tuple(_sentences(parse_planted_name(name)))


def _sentences(spec: PlantedSpec) -> Iterator[str]:
    what = "the score that decides between the two classes of a pair" if spec.has_classes else "the label"
    if spec.interaction > 0:
        yield (
            f"{_percent(spec.interaction)} of {what} (by variance, noise aside) is "
            f"{_INTERACTIONS[spec.interaction_form]}: to know it, a model must relate moments of the two modalities"
        )
    if spec.interaction < 1:
        yield (
            f"{_percent(1.0 - spec.interaction)} is a sum over modalities, of what all of them show and what each "
            "shows alone"
        )
    for modality in MODALITIES:
        ratio = float(getattr(spec, f"{modality}_noise")) / SIGNAL
        if ratio >= _DROWNED:
            yield (
                f"{modality} shows its share in {ratio:.0f} times as much noise, so next to nothing can be learned "
                "from it"
            )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
