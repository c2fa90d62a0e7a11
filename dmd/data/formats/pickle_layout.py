"""Which layout a dictionary of splits has, told by what its labels are called, and what of it is not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dmd.data.formats.declared import Declared
from dmd.data.tables.layout import CMU, MMSA, SPLITS, FileLayout
from dmd.modalities import MODALITIES

CLASSES = "classification_labels"
"""The number of a class: beside the sentiment in MMSA's files, alone in DecAlign's of IEMOCAP."""

UNIMODAL_LABELS = tuple(f"{MMSA.labels}_{letter}" for letter in "TAV")
"""CH-SIMS's sentiment of text, audio and vision, each as annotators heard or saw it alone."""

UNIMODAL_TARGET = f"{{kind: several, names: [multimodal, {', '.join(MODALITIES)}]}}"


def layout_of(content: Mapping[Any, Any], declared: Declared, label_keys: tuple[str, ...] = ()) -> FileLayout:
    """The layout of a dictionary of splits, with the keys that the user names.

    label_keys: those of the labels that the file names; empty: it names none.
    """
    tables = _tables(content)
    has = {key: any(key in table for table in tables) for key in (CMU.labels, MMSA.labels, CLASSES)}
    if has[MMSA.labels] or not tables:
        layout = MMSA
    elif has[CLASSES]:
        layout = replace(MMSA, labels=CLASSES)
    else:
        layout = CMU if has[CMU.labels] else MMSA
    target = declared.target
    if layout is MMSA and target is not None and target.kind == "several" and _has_unimodal_labels(tables):
        # Named after their modality, or all of them in order.
        of_name = dict(zip(MODALITIES, UNIMODAL_LABELS, strict=True))
        more = tuple(of_name[name] for name in target.names[1:] if name in of_name)
        is_in_order = len(more) < len(target.names) - 1
        layout = replace(layout, more_labels=UNIMODAL_LABELS if is_in_order else more)
    return declared.keys_of(layout, label_keys)


def find_remarks(content: Mapping[Any, Any], layout: FileLayout) -> Iterator[str]:
    """Sentences on parts and labels that a dictionary of splits has and that are not read."""
    others = [name for name, table in content.items() if name not in SPLITS and _is_split(table, layout)]
    for name in others:
        yield (
            f"the file has a part {str(name)[:40]!r}, which is not read: only {', '.join(SPLITS)} are; copy its items "
            "into one of them to use it"
        )
    if layout.labels == MMSA.labels and not layout.more_labels and _has_unimodal_labels(_tables(content)):
        yield (
            f"the file has a label of each modality besides ({', '.join(UNIMODAL_LABELS)}), which are not read; "
            f"`data.target: {UNIMODAL_TARGET}` reads them as well"
        )


def _tables(content: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    return [content[split] for split in SPLITS if isinstance(content.get(split), Mapping)]


def _has_unimodal_labels(tables: list[Mapping[Any, Any]]) -> bool:
    return bool(tables) and all(key in table for table in tables for key in UNIMODAL_LABELS)


def _is_split(table: object, layout: FileLayout) -> bool:
    return isinstance(table, Mapping) and any(key in table for key in layout.features.values())
