"""``.npz`` archives with keys ``<split>/<key>``; nothing pickled is ever read from them."""

from __future__ import annotations

from pathlib import Path

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.assemble import assemble
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.feature_storage import MEMORY, FeatureStorage
from dmd.data.samples.arrays import AnyArray
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import ABOUT_KEYS, NPZ, SPLITS
from dmd.data.untrusted.archive import ArchiveError, in_one_line, open_archive
from dmd.errors import DataError


def read_npz(path: Path, declared: Declared = UNDECLARED, storage: FeatureStorage = MEMORY) -> Dataset:
    """Read an ``.npz`` archive.

    Args:
        path: of the file.
        declared: what the user says; it takes precedence over the file.
        storage: where the features go.

    Raises:
        DataError: with every problem found in it.
    """
    problems, layout = Problems(path.name), declared.keys_of(NPZ)
    arrays: dict[str, AnyArray] = {}
    unreadable: dict[str, list[str]] = {}
    try:
        with open_archive(path) as archive:
            wanted = {*ABOUT_KEYS, *(f"{split}/{key}" for split in SPLITS for key in layout.keys)} & archive.names
            archive.check_expansion_ratio(wanted)
            for key in sorted(wanted):
                try:
                    arrays[key] = archive.read(key) if storage.scratch is None else archive.map(key, storage.scratch)
                except (ArchiveError, OSError) as error:
                    unreadable.setdefault(in_one_line(error), []).append(key)
    except (ArchiveError, OSError) as error:
        raise DataError(
            f"{path.name}: truncated or damaged archive ({in_one_line(error)}); fetch or write the file again"
        ) from None
    for reason, keys in unreadable.items():
        shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
        problems.add(shown, f"cannot be read: {reason}; fetch or write the file again")
    problems.raise_if_any()
    tables: dict[str, dict[str, AnyArray]] = {}
    for key, array in arrays.items():
        split, _, name = key.partition("/")
        if split in SPLITS:
            tables.setdefault(split, {})[name] = array
    said = {key: arrays[key] for key in ABOUT_KEYS if key in arrays}
    return assemble(tables, said, declared, layout, problems, storage)
