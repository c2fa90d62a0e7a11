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
from dmd.data.formats.single_video import VIDEO, as_splits
from dmd.data.samples.arrays import AnyArray, FloatArray
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import ABOUT_KEYS, CMU, DIALOGUES, KIND_KEY, MMSA, NAMES_KEY, SPLITS, TUPLES, FileLayout
from dmd.data.untrusted.torch_file import OLD_TORCH_MAGIC
from dmd.data.untrusted.unpickle import load_pickle
from dmd.data.utterances.dialogues import is_dialogues, read_dialogues
from dmd.data.utterances.listed import Listed
from dmd.data.utterances.tuple_folder import load_embedding
from dmd.data.utterances.tuples import is_dictionary_of_lists, is_list_of_tuples, read_tuples
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
    layout = declared.keys_of(_layout_of(content))
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
    about = {key: _as_array(key, _in_a_list(content[key]), problems) for key in ABOUT_KEYS if key in content}
    problems.raise_if_any()
    said = {key: array for key, array in about.items() if array is not None}
    return assemble(tables, said, declared, layout, problems, storage)


def _in_a_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def read_listed(
    content: object, source: str, embedding: FloatArray | None, declared: Declared, storage: FeatureStorage
) -> Dataset:
    """The data set of a pickle that lists utterances one by one: a dictionary of lists of tuples, or dialogues.

    Args:
        content: of the pickle.
        source: name of the file, for messages.
        embedding: (V, D) vectors of words that are numbers; None: there are none.
        declared: what the user says; it takes precedence over the file.
        storage: where the features go.

    Raises:
        DataError: with every problem found in it.
    """
    problems = Problems(source)
    layout = declared.keys_of(DIALOGUES if is_dialogues(content) else TUPLES)
    wanted = tuple(layout.features.values())
    if isinstance(content, Mapping):
        listed = read_tuples(content, wanted, embedding, problems.add)
    else:
        assert isinstance(content, list | tuple)
        listed = read_dialogues(content, wanted, problems.add)
    return join_listed(listed, declared, layout, problems, storage)


def join_listed(
    listed: Listed, declared: Declared, layout: FileLayout, problems: Problems, storage: FeatureStorage
) -> Dataset:
    """The data set of listed utterances. Raises DataError with every problem found."""
    problems.raise_if_any()
    classes = {KIND_KEY: np.array(["classes"]), NAMES_KEY: np.array(listed.emotions)}
    said = classes if listed.emotions and layout.label_keys == ("labels",) else {}
    dataset = assemble(listed.tables, said, declared, layout, problems, storage)
    return replace(dataset, remarks=listed.remarks)


def _say_what_else(content: object) -> str:
    """What a pickle is that is no dictionary, and what to do with it."""
    if isinstance(content, int) and content == OLD_TORCH_MAGIC:
        return "is a file of torch before 1.6; save it again with a newer torch"
    if is_list_of_tuples(content):
        return "is one split, a list of ((words, visual, acoustic), label, segment); give the folder of all three"
    return f"must be a dictionary with train, valid and test, but is a {type(content).__name__}"


def _layout_of(content: Mapping[Any, Any]) -> FileLayout:
    tables = [content[split] for split in SPLITS if isinstance(content.get(split), Mapping)]
    has_cmu_labels = any(CMU.labels in table for table in tables)
    return CMU if has_cmu_labels and not any(MMSA.labels in table for table in tables) else MMSA


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
        if len(shapes) == 1 and len({id(item) for item in value}) == len(value):
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
