"""Where the real steps of a sequence stand: at its start, or at its end.

It matters wherever a place in time has weights of its own: flattened head inputs, the margin's features, the taps of a
convolution that a short clip does not fill, positions, the last step. In this field's files the label belongs to the
last real step, so that one should stand at one place: ``end``. ``file`` is what the published code sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from dmd.data.samples.arrays import Side, place_at
from dmd.data.samples.mapped_rows import StoredRows
from dmd.data.samples.samples import FilePadding, Inputs, Sequences
from dmd.errors import DataError
from dmd.modalities import MODALITIES, Modality

Align = Literal["end", "start", "file"]


@dataclass(frozen=True)
class Layout:
    """How sequences are laid out for a model.

    Attributes:
        sides: modality -> the side that its real steps stand at.
        num_steps: modality -> T_m, the steps that there are.
    """

    sides: Mapping[Modality, Side]
    num_steps: Mapping[Modality, int]


def find_layout(
    align: Align, sequences: Mapping[Modality, Sequences], file_padding: Mapping[Modality, FilePadding], source: str
) -> Layout:
    """The layout that ``align`` asks for, of all sequences of a data set.

    With ``file`` a model sees what the file has. Otherwise there are as many steps as the longest sequence has: steps
    that are padding in every sequence are not part of the data.

    Args:
        align: the side of the real steps.
        sequences: modality -> right-padded sequences of all items.
        file_padding: modality -> side of the padding in the file.
        source: name of the data set, for messages.

    Raises:
        DataError: ``file`` is asked for, and the file pads one modality on both sides.
    """
    if align != "file":
        longest = {m: int(part.lengths.max()) for m, part in sequences.items()}
        return Layout(dict.fromkeys(MODALITIES, align), longest)
    if mixed := [m for m in MODALITIES if file_padding[m] == "mixed"]:
        raise DataError(
            f"{source}: `align: file` needs one side of padding for each modality, but {', '.join(mixed)} is padded on "
            "either side; write `align: end` or `align: start`"
        )
    sides: dict[Modality, Side] = {m: "end" if file_padding[m] == "left" else "start" for m in MODALITIES}
    return Layout(sides, {m: part.values.shape[1] for m, part in sequences.items()})


def lay_out(inputs: Inputs, layout: Layout) -> Inputs:
    """Right-padded ``inputs`` as ``layout`` says; stored rows are laid out when they are read."""
    laid_out = {m: _lay_out_one(m, part, layout) for m, part in inputs.sequences.items()}
    return replace(inputs, sequences=laid_out)


def _lay_out_one(modality: Modality, part: Sequences, layout: Layout) -> Sequences:
    side, num_steps = layout.sides[modality], layout.num_steps[modality]
    if isinstance(part.values, StoredRows):
        return Sequences(replace(part.values, side=side, num_steps=num_steps), part.lengths, side)
    return Sequences(place_at(part.values, part.lengths, side, num_steps), part.lengths, side)
