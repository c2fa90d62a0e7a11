"""Declarations about a data file, from a space or from the options of ``dmd-data``, as ``dmd`` reads them."""

from __future__ import annotations

import math

from dmd.data.csd.names import STEPS, Steps
from dmd.data.dataset.groups import GroupRule
from dmd.data.formats.declared import Declared
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.modalities import MODALITIES, Modality
from orchestration.process.errors import UsageError
from search_spaces.schema.schema import SearchSpace


def declared_by(space: SearchSpace) -> Declared:
    """What the space says of its data file."""
    scale, groups, named = space.data.label_scale, space.data.groups, space.data.modalities
    target = space.data.target
    return Declared(
        target=None if target is None else Target(target.kind, target.names),
        label_keys=() if target is None or target.key is None else target.key,
        scale=None if scale is None else LabelScale(scale.low, scale.high, scale.neutral),
        groups=None if groups is None else GroupRule(groups.key, groups.pattern),
        modalities=None if named is None else tuple(modality for modality in MODALITIES if modality in named),
    )


def declared_with(
    group_key: str | None = None,
    group_pattern: str | None = None,
    label_scale: str | None = None,
    modalities: str | None = None,
    labels: str | None = None,
    label_key: str | None = None,
    steps: str | None = None,
) -> Declared:
    """What the options of ``dmd-data`` say of the data; None: an option that is not given.

    Args:
        group_key: key of every split with the group of each item.
        group_pattern: regular expression for the ids; its first parenthesis is the group.
        label_scale: ``LOW,HIGH,NEUTRAL``.
        modalities: ``language,audio``.
        labels: what they are: ``classes:angry,happy``.
        label_key: the key that holds them, or one for each name, joined by commas.
        steps: what the steps of a clip are that is cut out of sequences.

    Raises:
        UsageError: where one cannot be read, or they contradict each other.
    """
    if group_key is not None and group_pattern is not None:
        raise UsageError("--group-key and --group-pattern both say what the groups are; give one")
    is_grouped = group_key is not None or group_pattern is not None
    return Declared(
        scale=None if label_scale is None else _read_scale(label_scale),
        groups=GroupRule(group_key, group_pattern) if is_grouped else None,
        modalities=None if modalities is None else _read_modalities(modalities),
        target=None if labels is None else _read_target(labels),
        label_keys=() if label_key is None else tuple(key.strip() for key in label_key.split(",")),
        steps=None if steps is None else _read_steps(steps),
    )


def _read_steps(text: str) -> Steps:
    found = next((known for known in STEPS if known == text), None)
    if found is None:
        raise UsageError(f"--steps must be one of {', '.join(STEPS)}, got {text!r}")
    return found


def _read_target(text: str) -> Target:
    """``KIND:NAME,NAME``; names may be missing. Raises DataError for a rule that it breaks."""
    kind, _, names = text.partition(":")
    return Target(kind.strip(), tuple(name.strip() for name in names.split(",") if name.strip()))  # type: ignore[arg-type]


def _read_modalities(text: str) -> tuple[Modality, ...]:
    """``language,audio``."""
    names = [name.strip() for name in text.split(",")]
    found = tuple(modality for modality in MODALITIES if modality in names)
    if len(found) != len(names):
        raise UsageError(f"--modalities must name some of {', '.join(MODALITIES)}, as language,audio, got {text!r}")
    return found


def _read_scale(text: str) -> LabelScale:
    """``LOW,HIGH,NEUTRAL``."""
    try:
        low, high, neutral = (float(part) for part in text.split(","))
    except ValueError:
        low = high = neutral = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high and low <= neutral <= high):
        raise UsageError(
            f"--label-scale must be LOW,HIGH,NEUTRAL with LOW < HIGH and NEUTRAL between them, as -1,1,0, got {text!r}"
        )
    return LabelScale(low, high, neutral)
