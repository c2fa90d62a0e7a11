"""Pickles of the field: a dictionary of the splits ``train``, ``valid``, ``test``, each a dictionary of arrays.

Two layouts, told apart by what labels are called: MMSA's and, older, that of the CMU files which came with MulT. MMSA's
is as in thuiar/MMSA (``aligned_50.pkl``, ``unaligned_50.pkl``). Containers and dtypes differ between releases
(lists or arrays, float32 or float64), so every value is made an array here. ``text`` (768-d BERT features) is the
language modality; the attention mask of ``text_bert`` gives the lengths, and its token ids stand ready for a BERT.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.assemble import assemble
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.feature_storage import MEMORY, FeatureStorage
from dmd.data.formats.listed_files import read_listed
from dmd.data.formats.pickle_layout import find_remarks, layout_of
from dmd.data.formats.single_video import VIDEO, as_splits
from dmd.data.samples.arrays import AnyArray
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.file_target import say_label_keys
from dmd.data.tables.layout import ABOUT_KEYS, SPLITS, FileLayout
from dmd.data.untrusted.torch_file import OLD_TORCH_MAGIC
from dmd.data.untrusted.unpickle import load_pickle
from dmd.data.utterances.dialogues import is_dialogues
from dmd.data.utterances.tuple_folder import load_embedding
from dmd.data.utterances.tuples import is_dictionary_of_lists, is_list_of_tuples
from dmd.errors import DataError

SCALARS = (str, bytes, bool, int, float, np.generic)


def read_pickle(path: Path, declared: Declared = UNDECLARED, storage: FeatureStorage = MEMORY) -> Dataset:
    """Read a pickle in MMSA or CMU layout; nothing in it is executed.

    Args:
        path: of the file.
        declared: what the user says; it takes precedence over the file.
        storage: where the features go.

    Raises:
        DataError: with every problem found in it.
    """
    with path.open("rb") as stream:
        # Closed by the collector: arrays are views of it until they are converted.
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    found = load_pickle(content, path.name)
    if is_dictionary_of_lists(found):
        return read_listed(found, path.name, load_embedding(path.parent), declared, storage)
    return read_mmsa(found, path.name, declared, storage)


def read_mmsa(
    content: object, source: str, declared: Declared = UNDECLARED, storage: FeatureStorage = MEMORY
) -> Dataset:
    """The data set that a dictionary in MMSA or CMU layout holds.

    Args:
        content: split -> key -> array or list.
        source: name of the file, for messages.
        declared: what the user says; it takes precedence over the file.
        storage: where the features go.

    Raises:
        DataError: with every problem found in it.
    """
    problems = Problems(source)
    if is_dialogues(content) or is_dictionary_of_lists(content):
        return read_listed(content, source, None, declared, storage)
    if not isinstance(content, Mapping):
        raise DataError(f"{source}: {_say_what_else(content)}")
    tables: dict[str, dict[str, AnyArray]] = {}
    about = {key: _as_array(key, _in_a_list(content[key]), problems) for key in ABOUT_KEYS if key in content}
    said = {key: array for key, array in about.items() if array is not None}
    layout = layout_of(content, declared, say_label_keys(said))
    if declared.for_prediction:
        content = as_splits(content, source)
    for split in (*SPLITS, VIDEO):
        if split not in content:
            continue
        table = content[split]
        if isinstance(table, Mapping):
            tables[split] = _as_arrays(split, table, layout, problems)
        else:
            problems.add(split, f"must be a dictionary of arrays, but is a {type(table).__name__}")
    problems.raise_if_any()
    dataset = assemble(tables, said, declared, layout, problems, storage)
    return replace(dataset, remarks=tuple(find_remarks(content, layout)))


def _in_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _say_what_else(content: object) -> str:
    """What a pickle is that is no dictionary, and what to do with it."""
    if isinstance(content, int) and content == OLD_TORCH_MAGIC:
        return "is a file of torch before 1.6; save it again with a newer torch"
    if is_list_of_tuples(content):
        return "is one split, a list of ((words, visual, acoustic), label, segment); give the folder of all three"
    return f"must be a dictionary with train, valid and test, but is a {type(content).__name__}"


def _as_arrays(split: str, table: Mapping[Any, Any], layout: FileLayout, problems: Problems) -> dict[str, AnyArray]:
    arrays: dict[str, AnyArray] = {}
    for key in layout.keys:
        if key in table:
            array = _as_array(f"{split}/{key}", table[key], problems)
            if array is not None:
                arrays[key] = array
    return arrays


def _as_array(key: str, value: object, problems: Problems) -> AnyArray | None:
    """An array of an array, of a list of scalars or of arrays of one shape; None (and a problem) otherwise."""
    if isinstance(value, np.ndarray):
        return _of_numbers(value)
    if isinstance(value, list | tuple):
        if all(isinstance(item, SCALARS) for item in value):
            return np.array(value)
        shapes = {item.shape for item in value if isinstance(item, np.ndarray)}
        # each array counts once, so that a list which repeats one array cannot fill the memory
        are_arrays = all(isinstance(item, np.ndarray) for item in value)
        if are_arrays and len(shapes) == 1 and len({id(item) for item in value}) == len(value):
            return np.stack(value)
        problems.add(key, f"must be an array, or a list of scalars or of arrays of one shape ({len(shapes)} found)")
        return None
    problems.add(key, f"must be an array or a list, but is a {type(value).__name__}")
    return None


def _of_numbers(array: AnyArray) -> AnyArray:
    """An object array of numbers as floats; any other array as it is."""
    if array.dtype.kind == "O" and all(isinstance(item, bool | int | float) for item in array.flat):
        return array.astype(np.float64)
    return array
