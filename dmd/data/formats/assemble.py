"""From the tables of a file to one :class:`Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.fingerprint import hash_content
from dmd.data.dataset.groups import GROUPS, ID, Grouping, GroupRule, group_by_ids, group_by_key, group_by_pattern
from dmd.data.dataset.tokens import NO_LANGUAGE
from dmd.data.dataset.visible_modalities import absent_modality
from dmd.data.formats.declared import Declared
from dmd.data.formats.feature_storage import MEMORY, FeatureStorage
from dmd.data.samples.arrays import AnyArray, FloatArray, IntArray
from dmd.data.samples.samples import FilePadding, Inputs, LabelScale, Sequences
from dmd.data.samples.target import Target
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.file_target import resolve_target
from dmd.data.tables.label_scale import resolve_label_scale
from dmd.data.tables.labels import read_labels
from dmd.data.tables.layout import SCALE_KEY, SPLITS, FileLayout
from dmd.data.tables.splits import Split, Table, read_split
from dmd.data.tables.token_ids import join_tokens
from dmd.data.untrusted.archive import ALWAYS_FITS, MOST_GROWTH
from dmd.modalities import MODALITIES, Modality


def assemble(
    tables: Mapping[str, Table],
    said: Mapping[str, AnyArray],
    declared: Declared,
    layout: FileLayout,
    problems: Problems,
    storage: FeatureStorage = MEMORY,
) -> Dataset:
    """Join the splits of one file into a data set.

    Args:
        tables: split -> key -> array.
        said: what the file says of its labels, by top-level key (``ABOUT_KEYS``).
        declared: what the user says; it takes precedence over the file.
        layout: keys of the file.
        problems: found so far.
        storage: where the features go.

    Raises:
        DataError: with every problem found in the file.
    """
    if not tables:
        problems.add("splits", f"there is none of {', '.join(SPLITS)}; this is no data file of a layout that is read")
        problems.raise_if_any()
    target = resolve_target(said, declared.target, problems)
    if target.is_numeric:
        spoken = declared.scale or _read_scale(said.get(SCALE_KEY), problems)
        labels = _read_all_labels(tables, layout, target) if layout.reads_labels else {}
        target = replace(target, scale=resolve_label_scale(labels, spoken, layout.labels, problems))
    names = [*(name for name in SPLITS if name in tables), *(name for name in tables if name not in SPLITS)]
    found = {name: read_split(name, tables[name], layout, target, problems) for name in names}
    for name in SPLITS:
        if name not in tables and layout.reads_labels:
            problems.add(name, f"split is missing; the file has {', '.join(sorted(tables)) or 'none'}")
    splits = {name: split for name, split in found.items() if split is not None}
    _check_together(splits, layout, problems)
    groups = _read_groups(splits, declared.groups, layout, problems)
    problems.raise_if_any()
    return _join(splits, tuple(layout.features), groups, target, problems.source, storage)


def _read_all_labels(tables: Mapping[str, Table], layout: FileLayout, target: Target) -> dict[str, FloatArray]:
    """Where labels stand -> (n,), of every split and name that has sound ones; problems are noted where it is read."""
    found = {}
    for split in (name for name in SPLITS if name in tables):
        labels = read_labels(split, tables[split], layout.label_keys, target, Problems(split))
        key = f"{split}/{layout.labels}"
        if labels is not None and labels.ndim == 1:
            found[key] = labels
        elif labels is not None:
            found |= {f"{key} ({name})": labels[:, column] for column, name in enumerate(target.names)}
    return found


def _read_scale(declared: AnyArray | None, problems: Problems) -> LabelScale | None:
    if declared is None:
        return None
    if declared.shape == (3,) and declared.dtype.kind in "iuf":
        low, high, neutral = (float(value) for value in declared)
        if np.isfinite(declared).all() and low < high and low <= neutral <= high:
            return LabelScale(low, high, neutral)
    shown = np.array2string(declared, threshold=6)
    problems.add(SCALE_KEY, f"must be low, high, neutral with low < high and neutral between them, but is {shown}")
    return None


def _check_together(splits: Mapping[str, Split], layout: FileLayout, problems: Problems) -> None:
    """Rules that span splits: equal widths, folds in all splits or in none, numbered without a gap."""
    for modality in layout.features:
        widths = {name: split.features[modality].source.shape[2] for name, split in splits.items()}
        if len(set(widths.values())) > 1:
            shown = ", ".join(f"{name} {width}" for name, width in widths.items())
            problems.add(layout.features[modality], f"widths must be equal in all splits, but are {shown}")
        sources = [split.features[modality].source for split in splits.values()]
        _refuse_emptiness(layout.features[modality], [source.shape for source in sources], problems)
    with_folds = [split.folds for split in splits.values() if split.folds is not None]
    if with_folds and len(with_folds) < len(splits):
        missing = ", ".join(name for name, split in splits.items() if split.folds is None)
        problems.add(str(layout.fold), f"folds must be given for every split or for none, but are missing in {missing}")
    elif with_folds:
        numbers = np.unique(np.concatenate(with_folds)).tolist()
        if numbers != list(range(len(numbers))):
            problems.add(str(layout.fold), f"folds must be numbered 0..k-1 without a gap, but are {numbers[:20]}")


def _refuse_emptiness(key: str, shapes: list[tuple[int, ...]], problems: Problems) -> None:
    """All splits are held in one array: many short samples beside a long one would fill the memory with padding."""
    held = sum(n * steps * width for n, steps, width in shapes)
    padded = sum(n * width for n, _, width in shapes) * max((steps for _, steps, _ in shapes), default=0)
    if padded > max(ALWAYS_FITS, MOST_GROWTH * held):
        shown = ", ".join(str(steps) for _, steps, _ in shapes)
        problems.add(key, f"splits of {shown} steps would be nearly all padding in one array; cut the longest samples")


def _read_groups(
    splits: Mapping[str, Split], rule: GroupRule | None, layout: FileLayout, problems: Problems
) -> tuple[tuple[str, ...], Grouping]:
    """The group of every item, by what the user says, else by the file's key, else by the ids."""
    ids = {name: split.ids for name, split in splits.items()}
    every = tuple(item for part in ids.values() for item in part)
    if rule is not None and rule.pattern is not None:
        return group_by_pattern(every, rule.pattern, problems.source)
    if rule is not None and rule.key == ID:
        return every, group_by_key(ID, is_declared=True)
    missing = [name for name, split in splits.items() if split.groups is None]
    if missing and (rule is not None or len(missing) < len(splits)):
        asked = "`data.groups` names it" if rule is not None else "groups must be given for every split or for none"
        problems.add(layout.group, f"key is missing in {', '.join(missing)}; {asked}")
    if not missing:
        groups = tuple(group for split in splits.values() for group in split.groups or ())
        return groups, group_by_key(layout.group, is_declared=rule is not None)
    if not any(split.has_ids for split in splits.values()):
        groups = tuple(name for name, part in ids.items() for _ in part)
        return groups, Grouping(GROUPS, "the file has no ids, so all items of a split count as one group")
    return group_by_ids(ids)


def _join(
    splits: Mapping[str, Split],
    modalities: tuple[Modality, ...],
    groups: tuple[tuple[str, ...], Grouping],
    target: Target,
    name: str,
    storage: FeatureStorage,
) -> Dataset:
    parts = list(splits.values())
    ends = np.cumsum([0, *(len(part.labels) for part in parts)])
    rows = {split: np.arange(ends[i], ends[i + 1], dtype=np.int64) for i, split in enumerate(splits)}
    inputs = Inputs(
        tuple(item for part in parts for item in part.ids),
        groups[0],
        {
            m: _stack(m, parts, storage) if m in modalities else _absent_modality(m, int(ends[-1]), storage)
            for m in MODALITIES
        },
    )
    labels = np.concatenate([part.labels for part in parts])
    folds = [part.folds for part in parts if part.folds is not None]
    file_folds = np.concatenate(folds) if folds else None
    return Dataset(
        name=name,
        splits=rows,
        file_folds=file_folds,
        grouping=groups[1],
        target=target,
        modalities=modalities,
        file_padding={m: _padding_of_file(parts, m) if m in modalities else "none" for m in MODALITIES},
        non_finite={m: sum(part.features[m].num_non_finite for part in parts if m in modalities) for m in MODALITIES},
        clamped_lengths={m: sum(part.features[m].num_clamped for part in parts if m in modalities) for m in MODALITIES},
        content_hash=hash_content(inputs, labels, rows, file_folds, target),
        inputs=inputs,
        _labels=labels,
        tokens=join_tokens([part.tokens for part in parts]) if "language" in modalities else NO_LANGUAGE,
    )


def _stack(modality: Modality, splits: list[Split], storage: FeatureStorage) -> Sequences:
    """All splits in one array, right-padded to the longest of them."""
    parts = [split.features[modality] for split in splits]
    sizes, steps, widths = zip(*(part.source.shape for part in parts), strict=True)
    values = storage.make(modality, (sum(sizes), max(steps), widths[0]))
    ends = np.cumsum([0, *sizes])
    for part, start, end in zip(parts, ends[:-1], ends[1:], strict=True):
        part.place(values[start:end])
    lengths: IntArray = np.concatenate([part.padding.lengths for part in parts])
    return Sequences(values, lengths)


def _absent_modality(modality: Modality, num_rows: int, storage: FeatureStorage) -> Sequences:
    return replace(absent_modality(num_rows), values=storage.make(modality, (num_rows, 1, 1)))


def _padding_of_file(parts: list[Split], modality: Modality) -> FilePadding:
    """The side that all splits agree on; a split without padding has no say."""
    sides = {part.features[modality].padding.side for part in parts} - {"none"}
    if not sides:
        return "none"
    return sides.pop() if len(sides) == 1 else "mixed"
