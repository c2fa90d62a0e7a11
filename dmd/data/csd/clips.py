"""Clips cut out of the sequences of whole videos, split by split, and a count of what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from dmd.data.csd.join import average_over, mean_of, steps_within
from dmd.data.csd.names import Steps
from dmd.data.csd.sequence import Sequence, video_of
from dmd.data.samples.arrays import AnyArray
from dmd.data.untrusted.hdf5 import Hdf5Error
from dmd.data.utterances.label_columns import label_columns
from dmd.data.utterances.listed import Tell, pad

SPLITS = ("train", "valid", "test")
Part = tuple[AnyArray, AnyArray]
"""Features (n, D) and intervals (n, 2) of some steps."""


class Source:
    """One modality's sequence at the video that is read: clips of a video come one after the other."""

    def __init__(self, sequence: Sequence) -> None:
        self._sequence = sequence
        self._entry: str | None = None
        self._found: Part | None = None

    @property
    def file_name(self) -> str:
        return self._sequence.file_name

    def turn_to(self, item: str) -> None:
        """Read the steps of the video of an item, or of the item. Raises Hdf5Error where they are no vectors."""
        entry = self._sequence.entry_for(item)
        if entry is not None and entry == self._entry:
            return
        self._entry, self._found = entry, None if entry is None else self._sequence.read(entry)
        if self._found is not None and self._found[0].dtype.kind not in "biuf":
            raise Hdf5Error(
                f"{self._sequence.name[:40]} holds words and no vectors; take the sequence of word vectors "
                "(glove_vectors) in its place"
            )

    def cut(self, start: float, end: float) -> Part | None:
        """The steps within an interval; None where there are none."""
        if self._found is None:
            return None
        within = steps_within(self._found[1], start, end)
        return (self._found[0][within], self._found[1][within]) if within.any() else None


@dataclass
class _Split:
    ids: list[str] = field(default_factory=list)
    labels: list[AnyArray] = field(default_factory=list)
    steps: dict[str, list[AnyArray]] = field(default_factory=dict)


class Clips:
    """The clips that were cut so far.

    Args:
        sources: key of a modality -> its steps.
        steps: what the steps of a clip are.
    """

    def __init__(self, sources: Mapping[str, Source], steps: Steps) -> None:
        self._sources, self._steps = sources, steps
        self._splits = {split: _Split() for split in SPLITS}
        self._dropped: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()

    def drop(self, reason: str, num: int) -> None:
        """Count clips that are left out."""
        self._dropped[reason] += num

    def add(self, split: str, entry: str, labels: AnyArray, intervals: AnyArray) -> None:
        """Cut the clips of one entry of the labels, (n, K) with (n, 2); those without a modality are dropped."""
        into = self._splits[split]
        for place, (start, end) in enumerate(intervals.tolist()):
            cut = {key: source.cut(start, end) for key, source in self._sources.items()}
            sound = {key: part for key, part in cut.items() if part is not None}
            if len(sound) < len(cut):
                self.drop(f"have no {' and no '.join(key for key in cut if key not in sound)}", 1)
                continue
            into.ids.append(f"{entry}[{place}]" if entry == video_of(entry) else entry)
            into.labels.append(labels[place])
            for key, values in self._in_steps(sound).items():
                into.steps.setdefault(key, []).append(values)

    def _in_steps(self, parts: Mapping[str, Part]) -> dict[str, AnyArray]:
        if self._steps == "mean":
            return {key: mean_of(values)[None] for key, (values, _) in parts.items()}
        if self._steps == "own":
            return {key: values for key, (values, _) in parts.items()}
        words, clock = parts["text"]
        made = {"text": words}
        for key, (values, intervals) in parts.items():
            if key != "text":
                made[key], num_empty = average_over(values, intervals, clock)
                self._empty[key] += num_empty
        return made

    def remarks(self) -> Iterator[str]:
        """What was left out, counted."""
        for reason, num in self._dropped.items():
            yield f"{num} clips were dropped, which {reason}"
        for key, num in self._empty.items():
            if num:
                yield f"{num} words have no step of {key} and are zeros there"

    def tables(self, tell: Tell) -> dict[str, dict[str, AnyArray]]:
        """Split -> key -> array, of the splits that have clips."""
        return {split: _table(split, part, tell) for split, part in self._splits.items() if part.ids}


def _table(split: str, clips: _Split, tell: Tell) -> dict[str, AnyArray]:
    table: dict[str, AnyArray] = {"id": np.array(clips.ids)}
    shapes = sorted({row.shape for row in clips.labels})
    if len(shapes) > 1:
        tell(f"{split}/labels", f"must be as many numbers for every clip, but shapes are {shapes[:5]}")
    else:
        table |= label_columns(np.stack(clips.labels))
    for key, parts in clips.steps.items():
        padded = pad(f"{split}/{key}", parts, tell)
        if padded is not None:
            table |= {key: padded[0], f"{key}_lengths": padded[1]}
    return table
