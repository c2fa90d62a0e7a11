"""What is in a data set, for a person to read; it shows no row's label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.groups import ITEMS, Grouping
from dmd.data.inspection.cautions import find_cautions
from dmd.data.inspection.known_files import describe_origin
from dmd.data.inspection.label_counts import describe_target, draw_labels
from dmd.data.inspection.markers import Marker, describe_markers, find_markers
from dmd.data.samples.samples import FilePadding
from dmd.data.samples.target import Target
from dmd.job import FoldRef
from dmd.modalities import Modality


@dataclass(frozen=True)
class ModalitySummary:
    """One modality of a data set.

    Attributes:
        steps: T_m.
        width: D_m.
        lengths: minimum, median and maximum of the real steps.
        file_padding: side that the file padded.
        num_non_finite: values that were NaN or infinite and were replaced by 0.
        num_clamped: lengths that were 0 and were raised to 1.
        far_values: column -> values so far out that its mean and standard deviation leave them out.
    """

    steps: int
    width: int
    lengths: tuple[int, float, int]
    file_padding: FilePadding
    num_non_finite: int
    num_clamped: int
    far_values: Mapping[int, int]


@dataclass(frozen=True)
class DatasetSummary:
    """Counts and shapes of a data set.

    Attributes:
        name: of the file.
        num_samples: n.
        num_groups: groups in the whole file.
        grouping: where the groups are known from.
        group_sizes: smallest, median and largest number of samples of a group.
        num_shared_groups: groups that lie in more than one official split; they make its test part easier than new
            videos.
        target: what the labels are.
        modalities: of those that the data have.
        label_histogram: label rounded half to even, or the number of a class or a question -> samples of the whole
            file; of several numbers, of the first.
        split_sizes: split -> (samples, groups).
        fold_sizes: fold -> (samples, groups); empty without folds.
        content_hash: of everything that decides a result.
        has_tokens: whether the file holds token ids.
        cautions: sentences on what the file's own split does not let a study claim.
        markers: values that stand for "not measured" in columns of a modality.
        origin: lines on which published file it is, and what its features are.
        remarks: what the reader drew, joined or left out.
    """

    name: str
    num_samples: int
    num_groups: int
    grouping: Grouping
    group_sizes: tuple[int, float, int]
    num_shared_groups: int
    target: Target
    modalities: Mapping[Modality, ModalitySummary]
    label_histogram: Mapping[int, int]
    split_sizes: Mapping[str, tuple[int, int]]
    fold_sizes: Mapping[int, tuple[int, int]]
    content_hash: str
    has_tokens: bool
    cautions: tuple[str, ...]
    markers: Mapping[Modality, tuple[Marker, ...]]
    origin: tuple[str, ...]
    remarks: tuple[str, ...]


def inspect_dataset(ds: Dataset, sha256: str | None = None) -> DatasetSummary:
    """Summarise ``ds``. sha256: of its file; None: not known."""
    groups = np.array(ds.groups)
    split_groups = {split: set(groups[rows].tolist()) for split, rows in ds.splits.items()}
    splits_of = Counter(group for found in split_groups.values() for group in found)
    folds = [] if ds.file_folds is None else range(int(ds.num_file_folds or 0))
    in_fold = {fold: groups[ds.file_folds == fold] for fold in folds}
    return DatasetSummary(
        name=ds.name,
        num_samples=len(ds),
        num_groups=len(splits_of),
        grouping=ds.grouping,
        group_sizes=_spread(np.array(list(Counter(ds.groups).values()))),
        num_shared_groups=ds.overlap(FoldRef()).num_shared,
        target=ds.target,
        modalities={modality: _summarise(ds, modality) for modality in ds.modalities},
        label_histogram=ds.count_labels(),
        split_sizes={split: (len(rows), len(split_groups[split])) for split, rows in ds.splits.items()},
        fold_sizes={fold: (len(found), len(set(found.tolist()))) for fold, found in in_fold.items()},
        content_hash=ds.content_hash,
        has_tokens=ds.has_tokens,
        cautions=find_cautions(ds, FoldRef()),
        markers=find_markers(ds),
        origin=tuple(describe_origin(ds, sha256)),
        remarks=ds.remarks,
    )


def _summarise(ds: Dataset, modality: Modality) -> ModalitySummary:
    return ModalitySummary(
        steps=ds.max_steps[modality],
        width=ds.widths[modality],
        lengths=_spread(ds.lengths[modality]),
        file_padding=ds.file_padding[modality],
        num_non_finite=ds.non_finite[modality],
        num_clamped=ds.clamped_lengths[modality],
        far_values=ds.count_far_values(modality),
    )


def _describe_far_values(modalities: Mapping[Modality, ModalitySummary]) -> Iterator[str]:
    for modality, one in modalities.items():
        if one.far_values:
            columns = ", ".join(str(column) for column in list(one.far_values)[:6])
            more = f" and {len(one.far_values) - 6} more" if len(one.far_values) > 6 else ""
            yield (
                f"{modality}: values so far from all others that they are left out of mean and standard deviation, and "
                f"clipped: {sum(one.far_values.values())}, in column {columns}{more} (from 0)"
            )


def _spread(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[int, float, int]:
    return int(counts.min()), float(np.median(counts)), int(counts.max())


def format_summary(summary: DatasetSummary) -> str:
    """``summary`` as a short text, one fact per line."""
    low, middle, high = summary.group_sizes
    noun = summary.grouping.noun
    is_grouped = noun != ITEMS

    def told(samples: int, groups: int, joint: str = ", ") -> str:
        return f"{samples} samples{joint}{groups} {noun}" if is_grouped else f"{samples} samples"

    lines = [
        f"{summary.name}: {told(summary.num_samples, summary.num_groups, ' in ')}",
        f"  content hash  {summary.content_hash}",
        *describe_target(summary.target),
        f"  groups        {f'{noun}, by' if is_grouped else 'not known:'} {summary.grouping.source}",
        f"  group size    min {low}, median {middle:g}, max {high}",
        f"  token ids     {'yes' if summary.has_tokens else 'no'} (for text: bert_ids)",
        "  modality      steps  width  lengths min/median/max  padding in file  non-finite  lengths raised to 1",
    ]
    for modality, one in summary.modalities.items():
        lengths = "/".join(f"{value:g}" for value in one.lengths)
        lines.append(
            f"    {modality:<11} {one.steps:>5}  {one.width:>5}  {lengths:<22}  {one.file_padding:<15}"
            f"  {one.num_non_finite:>10}  {one.num_clamped:>19}"
        )
    lines += summary.origin
    lines += [f"  {name:<13} {told(n, num_groups)}" for name, (n, num_groups) in summary.split_sizes.items()]
    cautions = (*summary.cautions, *describe_markers(summary.markers), *_describe_far_values(summary.modalities))
    lines += [f"  as read       {sentence}" for sentence in summary.remarks]
    lines += [f"  caution       {sentence}" for sentence in cautions]
    lines += [f"  fold {fold:<8} {told(n, num)}" for fold, (n, num) in summary.fold_sizes.items()]
    return "\n".join([*lines, *draw_labels(summary.target, summary.label_histogram)])
