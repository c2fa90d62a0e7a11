"""Opening a data set by name or path; the reader is chosen by what the file contains, not by what it is called."""

from __future__ import annotations

from pathlib import Path

from dmd.data.csd.names import is_csd_folder
from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.feature_storage import MEMORY, FeatureStorage
from dmd.data.formats.folder_writer import PutInPlace, rename_all
from dmd.data.formats.listed_files import join_listed, read_listed
from dmd.data.formats.memory_mapped import is_mapped, read_mapped, write_mapped
from dmd.data.formats.mmsa import read_mmsa, read_pickle
from dmd.data.formats.npz import read_npz
from dmd.data.formats.planted import load_planted
from dmd.data.formats.planted_spec import PLANTED, parse_planted_name
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import TUPLES
from dmd.data.untrusted.torch_file import TorchFileError, is_torch_archive, load_tensors
from dmd.data.utterances.tuple_folder import is_tuple_folder, load_embedding, load_tuple_folder
from dmd.errors import DataError

ZIP_MAGIC, HDF5_MAGIC = b"PK", b"\x89H"
PICKLE_STARTS = (b"\x80", b"(", b"}", b"]", b"c")
"""Protocols 2 and up begin with PROTO; 0 and 1, which Python 2 wrote by default, with a container or a name."""


def open_dataset(
    name_or_path: str, data_dir: Path | None = None, declared: Declared = UNDECLARED, verify: bool = True
) -> Dataset:
    """Open a data set by name or path.

    Args:
        name_or_path: planted data (``planted``, ``planted:seed=1,interaction=0.5``), or a file or a converted folder,
            at this path or in ``data_dir``.
        data_dir: second place to look; None: there is none.
        declared: what the user says; it takes precedence over the file.
        verify: compare a converted folder with its hashes; a worker need not if its driver has done so.

    Raises:
        DataError: nothing is there, or the file breaks a rule; says where it looked and what to do.
    """
    path = find_data(name_or_path, data_dir)
    if path is None:
        return load_planted(parse_planted_name(name_or_path), declared)
    return read_mapped(path, declared, verify) if is_mapped(path) else load_dataset(path, declared)


def find_data(name_or_path: str, data_dir: Path | None = None) -> Path | None:
    """Where :func:`open_dataset` finds its data: a file or a converted folder; None for planted data.

    Raises DataError naming where it looked.
    """
    paths = _candidate_paths(name_or_path, data_dir)
    found = next((path for path in paths if is_mapped(path) or path.is_file() or is_source_folder(path)), None)
    if paths and found is None:
        looked = " and ".join(repr(str(path))[1:-1] for path in paths)
        raise DataError(
            f"no data file {name_or_path!r}: looked at {looked}; correct the path, name its folder with --data-dir or "
            "DMD_DATA_DIR, or use 'planted' for the embedded data"
        )
    return found


def is_source_folder(path: Path) -> bool:
    """Whether a folder holds data of others: ``.csd`` sequences, or a pickle for each split."""
    return not is_mapped(path) and (is_csd_folder(path) or is_tuple_folder(path))


def load_dataset(path: Path, declared: Declared = UNDECLARED, storage: FeatureStorage = MEMORY) -> Dataset:
    """Read a file (``.npz``, a pickle, tensors of torch) or a folder of ``.csd`` sequences or of pickles.

    Args:
        path: of the file or the folder.
        declared: what the user says; it takes precedence over the file.
        storage: where the features go.

    Raises:
        DataError: with every problem found in the file.
    """
    try:
        start = b"" if path.is_dir() else _first_bytes(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; correct the path or its permissions") from None
    try:
        if is_source_folder(path):
            return _read_folder(path, declared, storage)
        if start == ZIP_MAGIC and is_torch_archive(path):
            return _read_tensors(path, declared, storage)
        if start == ZIP_MAGIC:
            return read_npz(path, declared, storage)
        if start[:1] in PICKLE_STARTS:
            return read_pickle(path, declared, storage)
    except MemoryError:
        raise DataError(f"{path.name}: does not fit into memory; convert it with `dmd-data convert`") from None
    if start == HDF5_MAGIC:
        raise DataError(
            f"{path.name}: is HDF5; of computational sequences (.csd) give the folder that holds them all, labels too; "
            "convert any other to .npz"
        )
    found = f"starts with {start!r}" if start else "is empty"
    raise DataError(f"{path.name}: neither an .npz archive nor a pickle (it {found}); convert it to one of these")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(2)


def _read_folder(folder: Path, declared: Declared, storage: FeatureStorage) -> Dataset:
    if not is_csd_folder(folder):
        content = load_tuple_folder(folder)
        return read_listed(content, folder.name, load_embedding(folder), declared, storage)
    # Who reads no sequences need not wait for the library of HDF5.
    from dmd.data.csd.folder import read_csd_folder

    problems, layout = Problems(folder.name), declared.keys_of(TUPLES)
    listed = read_csd_folder(folder, tuple(layout.features.values()), declared.steps, problems.add)
    return join_listed(listed, declared, layout, problems, storage)


def _read_tensors(path: Path, declared: Declared, storage: FeatureStorage) -> Dataset:
    try:
        content = load_tensors(path)
    except TorchFileError as error:
        raise DataError(f"{path.name}: {error}") from None
    return read_mmsa(content, path.name, declared, storage)


def convert_dataset(
    name_or_path: str,
    target: Path,
    data_dir: Path | None = None,
    declared: Declared = UNDECLARED,
    put: PutInPlace = rename_all,
) -> Dataset:
    """Write a data set as a memory-mapped folder, streaming: its features are never in memory as a whole.

    Args:
        name_or_path: as for :func:`open_dataset`.
        target: the new folder.
        data_dir: as for :func:`open_dataset`.
        declared: as for :func:`open_dataset`.
        put: how the folder gets its name (:func:`dmd.data.formats.folder_writer.new_folder`).

    Returns:
        The data set in the new folder.

    Raises:
        DataError: as for :func:`open_dataset`, or ``target`` exists or cannot be written.
    """
    if target.exists():
        raise DataError(f"{target}: exists already; choose another name")

    def read(storage: FeatureStorage) -> Dataset:
        path = find_data(name_or_path, data_dir)
        if path is not None and not is_mapped(path):
            return load_dataset(path, declared, storage)
        found = open_dataset(name_or_path, data_dir, declared)
        for modality, part in found.inputs.sequences.items():
            copy = storage.make(modality, part.values.shape)
            for rows in row_blocks(copy.shape):
                copy[rows] = part.values[rows]
        return found

    try:
        write_mapped(read, target, put)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror}); choose another place") from None
    return read_mapped(target, declared, verify=False)


def _candidate_paths(name: str, data_dir: Path | None) -> list[Path]:
    """Where a file of that name may be; none for planted data."""
    if name == PLANTED or name.startswith(f"{PLANTED}:"):
        return []
    return [Path(name).expanduser(), *([data_dir / name] if data_dir is not None else [])]
