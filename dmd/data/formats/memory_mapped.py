"""The format that ``dmd-data convert`` writes: a folder of plain ``.npy`` files and a manifest with their hashes.

Features are stored as a model wants them (right-padded float32, nothing missing), so that a worker maps them and copies
no more than a batch. Everything else (lengths, labels, ids, groups, folds, token ids) is small and is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.fingerprint import hash_content
from dmd.data.dataset.groups import Grouping, regroup
from dmd.data.dataset.tokens import NO_LANGUAGE, NoTokens, Tokens
from dmd.data.dataset.visible_modalities import absent_modality
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.feature_storage import FeatureStorage, InFiles
from dmd.data.formats.folder_writer import PutInPlace, new_folder, rename_all
from dmd.data.samples.arrays import AnyArray
from dmd.data.samples.mapped_rows import StoredFile, StoredRows
from dmd.data.samples.samples import ContentHash, FilePadding, Inputs, LabelScale, Sequences
from dmd.data.samples.target import Target
from dmd.data.tables.layout import SPLITS
from dmd.errors import DataError
from dmd.modalities import MODALITIES, Modality

MANIFEST, FORMAT, VERSION, TARGET_VERSION = "dataset.json", "dmd-data", 2, 3
"""Folders of other targets than one number have a version of their own: earlier programs must not take classes for it.
"""
MOST_MANIFEST_BYTES = 1 << 20
_KINDS = {"labels": "<f4", "folds": "<i8", "tokens": "<i4", **{f"{m}_lengths": "<i8" for m in MODALITIES}}
_TEXTS = ("ids", "groups")
_NUM_AXES = {"tokens": (3,), "labels": (1, 2)}
_HASH = re.compile(r"[0-9a-f]{64}")
"""A content hash: a machine's cache of data calls folders so (:mod:`orchestration.node_setup.cache`)."""


def is_mapped(path: Path) -> bool:
    """Whether ``path`` is a folder of this format."""
    return (path / MANIFEST).is_file()


def write_mapped(read: Callable[[FeatureStorage], Dataset], target: Path, put: PutInPlace = rename_all) -> None:
    """Write a data set as a new folder, whole or not at all.

    Args:
        read: makes the data set, its features in the storage that it is given.
        target: the new folder.
        put: see :func:`new_folder`.

    Raises:
        OSError: the folder cannot be written; also whatever ``read`` raises.
    """
    with new_folder(target, put) as folder:
        scratch = folder / "scratch"
        scratch.mkdir()
        dataset = read(InFiles(folder, scratch))
        shutil.rmtree(scratch)
        dataset.save_labels(folder / "labels.npy")
        for name, array in _small_arrays(dataset).items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        (folder / MANIFEST).write_text(json.dumps(_describe(dataset, folder), indent=1) + "\n", encoding="utf-8")


def read_mapped(folder: Path, declared: Declared = UNDECLARED, verify: bool = True) -> Dataset:
    """The data set in a converted folder, its features mapped.

    Args:
        folder: that :func:`write_mapped` wrote.
        declared: what the user says; it takes precedence over the folder.
        verify: compare every file with its hash, which reads all of it.

    Raises:
        DataError: the folder was not written by :func:`write_mapped`, or was altered; one line.
    """
    source = folder.name
    manifest = _read_manifest(folder)
    try:
        _require_plain(folder, manifest["files"])
        if verify:
            _require_hashes(folder, manifest["files"])
        return _dataset(folder, manifest, declared)
    except DataError:
        raise
    except Exception as error:  # altered files raise whatever their bytes happen to hit
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(f"{source}: not what dmd-data convert writes ({reason}); convert the file again") from None


def _small_arrays(dataset: Dataset) -> dict[str, AnyArray]:
    arrays: dict[str, AnyArray] = {
        "ids": np.array(dataset.ids),
        "groups": np.array(dataset.groups),
        **{f"{m}_lengths": lengths.astype("<i8") for m, lengths in dataset.lengths.items()},
    }
    if dataset.file_folds is not None:
        arrays["folds"] = dataset.file_folds.astype("<i8")
    if isinstance(dataset.tokens, Tokens):
        arrays["tokens"] = dataset.tokens.values.astype("<i4")
    return arrays


def _describe(dataset: Dataset, folder: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION if dataset.target.kind == "regression" else TARGET_VERSION,
        "name": dataset.name,
        "splits": {name: len(rows) for name, rows in dataset.splits.items()},
        "scale": list(astuple(dataset.scale)),
        **_describe_target(dataset.target),
        "grouping": asdict(dataset.grouping),
        "modalities": list(dataset.modalities),
        "content_hash": dataset.content_hash,
        "file_padding": dict(dataset.file_padding),
        "non_finite": dict(dataset.non_finite),
        "clamped_lengths": dict(dataset.clamped_lengths),
        "no_tokens": dataset.tokens.reason if isinstance(dataset.tokens, NoTokens) else None,
        "remarks": list(dataset.remarks),
        "files": {path.name: _hash(path) for path in sorted(folder.glob("*.npy"))},
    }


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(folder: Path) -> Mapping[str, Any]:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MOST_MANIFEST_BYTES:
            raise ValueError("it is too large")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["version"] not in (VERSION, TARGET_VERSION):
            raise ValueError(f"format {content['format']!r}, version {content['version']!r}"[:100])
        if not isinstance(content["files"], dict) or not content["files"].keys() <= _file_names():
            raise ValueError("it names other files")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(f"{folder.name}: {MANIFEST} cannot be read ({reason}); convert the file again") from None
    return dict(content)


def _file_names() -> frozenset[str]:
    return frozenset(f"{name}.npy" for name in (*MODALITIES, *_KINDS, *_TEXTS))


def _require_plain(folder: Path, files: Iterable[str]) -> None:
    """Refuse pipes and devices: reading some of them never ends."""
    strange = [name for name in files if (folder / name).exists() and not (folder / name).is_file()]
    if strange:
        raise DataError(f"{folder.name}: {', '.join(sorted(strange))}: no plain file; convert the file again")


def _require_hashes(folder: Path, files: Mapping[str, str]) -> None:
    # The size first: a file that grew by holes may be of any, and would be hashed for hours.
    altered = [name for name, digest in files.items() if not _is_whole(folder / name) or _hash(folder / name) != digest]
    if altered:
        raise DataError(
            f"{folder.name}: {', '.join(sorted(altered))}: not the content that was converted; convert the file again"
        )


def _dataset(folder: Path, manifest: Mapping[str, Any], declared: Declared) -> Dataset:
    name, sizes = str(manifest["name"]), manifest["splits"]
    if tuple(sizes) != SPLITS or not all(type(size) is int and size > 0 for size in sizes.values()):
        raise DataError(f"{folder.name}: splits must be {', '.join(SPLITS)}, each with rows; convert the file again")
    num_rows = sum(sizes.values())
    small = {key: _load_small(folder, key, num_rows) for key in (*_KINDS, *_TEXTS) if f"{key}.npy" in manifest["files"]}
    ends = np.cumsum([0, *sizes.values()])
    splits = {split: np.arange(ends[i], ends[i + 1], dtype=np.int64) for i, split in enumerate(SPLITS)}
    sequences = {m: _map_features(folder, m, num_rows, small[f"{m}_lengths"]) for m in MODALITIES}
    modalities = _chosen_modalities(manifest["modalities"], declared, folder.name)
    sequences |= {m: absent_modality(num_rows) for m in MODALITIES if m not in modalities}
    ids = tuple(small["ids"].tolist())
    stored_groups = tuple(small["groups"].tolist()), _grouping(manifest["grouping"])
    groups, grouping = regroup(ids, stored_groups, declared.groups, folder.name)
    inputs = Inputs(ids, groups, sequences)
    stored = _target(manifest)
    chosen = replace(stored, scale=declared.scale or stored.scale)
    _require_declared(folder, stored, declared)
    _check_labels(folder, small["labels"], chosen)
    folds = small.get("folds")
    content_hash = str(manifest["content_hash"])
    if not _HASH.fullmatch(content_hash) or not name.isprintable():
        raise DataError(f"{folder.name}: {MANIFEST} has a hash or a name that is none; convert the file again")
    if chosen != stored or groups != stored_groups[0] or list(modalities) != manifest["modalities"]:
        content_hash = hash_content(inputs, small["labels"], splits, folds, chosen)
    return Dataset(
        name=name,
        splits=splits,
        file_folds=folds,
        grouping=grouping,
        target=chosen,
        modalities=modalities,
        file_padding={m: _padding(manifest["file_padding"][m]) if m in modalities else "none" for m in MODALITIES},
        non_finite={m: int(manifest["non_finite"][m]) if m in modalities else 0 for m in MODALITIES},
        clamped_lengths={m: int(manifest["clamped_lengths"][m]) if m in modalities else 0 for m in MODALITIES},
        content_hash=ContentHash(content_hash),
        inputs=inputs,
        _labels=small["labels"],
        tokens=_tokens(small, manifest, modalities),
        remarks=_remarks(manifest.get("remarks", [])),
    )


def _chosen_modalities(stored: object, declared: Declared, name: str) -> tuple[Modality, ...]:
    there = tuple(m for m in MODALITIES if isinstance(stored, list) and m in stored)
    if not there or list(there) != stored:
        raise ValueError("modalities that are none")
    wanted = declared.modalities or there
    if missing := [m for m in wanted if m not in there]:
        raise DataError(f"{name}: data.modalities: the folder has no {', '.join(missing)}; it has {', '.join(there)}")
    return wanted


def _is_whole(path: Path) -> bool:
    """Whether a file ends where its header says."""
    try:
        shape, _, dtype, offset = _read_header(path)
    except (ValueError, EOFError):
        return False
    return offset + math.prod(shape) * dtype.itemsize == path.stat().st_size


def _load_small(folder: Path, name: str, num_rows: int) -> AnyArray:
    path = folder / f"{name}.npy"
    shape, _, dtype, _ = _read_header(path)
    wanted = dtype.kind == "U" if name in _TEXTS else dtype == np.dtype(_KINDS[name])
    if not wanted or not _is_whole(path) or shape[:1] != (num_rows,) or len(shape) not in _NUM_AXES.get(name, (1,)):
        raise DataError(f"{folder.name}: {path.name}: not the array that is written there; convert the file again")
    array: AnyArray = np.load(path, allow_pickle=False)
    return array


def _read_header(path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, dtype and where the values begin. Raises ValueError for another version than is written here."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{path.name} is of version {version} of the .npy format")
        return (*np.lib.format.read_array_header_1_0(file), file.tell())


def _map_features(folder: Path, modality: Modality, num_rows: int, lengths: AnyArray) -> Sequences:
    path = folder / f"{modality}.npy"
    shape, is_fortran, dtype, offset = _read_header(path)
    is_sound = dtype == np.dtype("<f4") and not is_fortran and len(shape) == 3 and shape[0] == num_rows
    if not is_sound or min(shape) < 1 or offset + 4 * math.prod(shape) != path.stat().st_size:
        raise DataError(f"{folder.name}: {path.name}: not the array that is written there; convert the file again")
    if not ((lengths >= 1) & (lengths <= shape[1])).all():
        raise DataError(f"{folder.name}: {modality}_lengths.npy: lengths beyond the {shape[1]} steps; convert again")
    num, steps, width = shape
    stored = StoredRows(StoredFile(path, offset, (num, steps, width)), np.arange(num_rows, dtype=np.int64), lengths)
    return Sequences(stored, lengths)


def _describe_target(target: Target) -> dict[str, Any]:
    return {} if target.kind == "regression" else {"target": {"kind": target.kind, "names": list(target.names)}}


def _target(manifest: Mapping[str, Any]) -> Target:
    said = manifest.get("target", {"kind": "regression", "names": []})
    return Target(said["kind"], tuple(map(str, said["names"])), LabelScale(*map(float, manifest["scale"])))


def _require_declared(folder: Path, stored: Target, declared: Declared) -> None:
    wanted = declared.target
    if wanted is not None and (wanted.kind, wanted.names) != (stored.kind, stored.names):
        has = f"{stored.kind} {', '.join(stored.names)}".strip()
        raise DataError(
            f"{folder.name}: data.target: the folder was converted for another target ({has}); convert the file again"
        )


def _check_labels(folder: Path, labels: AnyArray, target: Target) -> None:
    if labels.shape[1:] != target.label_columns:
        raise DataError(f"{folder.name}: labels.npy: not of the target that the folder has; convert the file again")
    if not target.is_numeric:
        low, high = 0.0, len(target.names) - 1.0 if target.kind == "classes" else 1.0
        if not ((labels >= low) & (labels <= high) & (labels == np.round(labels))).all():
            raise DataError(f"{folder.name}: labels.npy: not the labels of its target; convert the file again")
        return
    scale = target.scale
    if not ((labels >= np.float32(scale.low)) & (labels <= np.float32(scale.high))).all():
        raise DataError(
            f"{folder.name}: labels are out of range [{scale.low:g}, {scale.high:g}]; correct the declared label scale"
        )


def _tokens(
    small: Mapping[str, AnyArray], manifest: Mapping[str, Any], modalities: tuple[Modality, ...]
) -> Tokens | NoTokens:
    if "language" not in modalities:
        return NO_LANGUAGE
    return Tokens(small["tokens"]) if "tokens" in small else NoTokens(str(manifest["no_tokens"]))


def _remarks(said: object) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(remark, str) and remark.isprintable() for remark in said):
        raise ValueError("remarks that are no sentences")
    return tuple(said)


def _grouping(content: Mapping[str, Any]) -> Grouping:
    noun, source, is_declared = content["noun"], content["source"], content["is_declared"]
    if not (isinstance(noun, str) and noun.isalpha() and isinstance(source, str) and source.isprintable()):
        raise ValueError("a grouping without words")
    return Grouping(noun, source, bool(is_declared))


def _padding(text: object) -> FilePadding:
    known: Iterable[FilePadding] = get_args(FilePadding)
    return next(side for side in known if side == text)
