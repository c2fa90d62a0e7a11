"""What a data set keeps a study from saying, in sentences: for who inspects it, plans with it and reads the report."""

from __future__ import annotations

from collections.abc import Iterator

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.groups import ITEMS
from dmd.job import FoldRef
from dmd.modalities import MODALITIES


def find_cautions(dataset: Dataset, fold: FoldRef) -> tuple[str, ...]:
    """A sentence for everything that applies where the file is cut as for ``fold``.

    Raises DataError if it cannot be cut that way.
    """
    return (*_lacking(dataset), *_single_items(dataset), *_shared_groups(dataset, fold), *_unscored(dataset, fold))


def _lacking(dataset: Dataset) -> Iterator[str]:
    absent = [modality for modality in MODALITIES if modality not in dataset.modalities]
    if absent:
        shown = " and ".join(dataset.modalities)
        yield f"The data have no {' and no '.join(absent)}: every arm is shown {shown} alone."


def _single_items(dataset: Dataset) -> Iterator[str]:
    grouping = dataset.grouping
    if grouping.is_declared or len(set(dataset.groups)) < len(dataset):
        return
    known = "No groups are known" if grouping.noun == ITEMS else f"Each of {len(dataset)} {grouping.noun} is one item"
    yield (
        f"{known} ({grouping.source}): whether clips of one video, or utterances of one speaker, lie in several parts "
        "cannot be seen; `data.groups` says what the groups are (`{key: id}` if there are none)."
    )


def _shared_groups(dataset: Dataset, fold: FoldRef) -> Iterator[str]:
    overlap, noun = dataset.overlap(fold), dataset.grouping.noun
    shared = f"{overlap.num_shared} of {len(set(dataset.groups))} {noun} lie in more than one split of the file"
    remedy = f"`data.folds: {{by: video}}` keeps {noun} together"
    if overlap.num_tested_seen:
        tested = f"{overlap.num_tested_seen} of {overlap.num_tested} in the test part"
        yield (
            f"{shared}, {tested}: scores there are of {noun} that training has seen, so nothing is claimed of new "
            f"ones; {remedy}."
        )
    elif overlap.num_shared:
        yield f"{shared}, none in the test part: epochs and settings are chosen on {noun} that training sees; {remedy}."


def _unscored(dataset: Dataset, fold: FoldRef) -> Iterator[str]:
    remark = dataset.scoring(fold).remark
    if remark:
        yield (
            f"Acc-2 and F1 are not scored: {remark}, so there are no two sides to tell apart; `data.label_scale` "
            "declares another neutral point."
        )
