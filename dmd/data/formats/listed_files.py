"""Files that list utterances one by one (:mod:`dmd.data.utterances`, :mod:`dmd.data.csd`) as data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.assemble import assemble
from dmd.data.formats.declared import Declared
from dmd.data.formats.feature_storage import FeatureStorage
from dmd.data.samples.arrays import FloatArray
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import DIALOGUES, KIND_KEY, NAMES_KEY, TUPLES, FileLayout
from dmd.data.utterances.dialogues import is_dialogues, read_dialogues
from dmd.data.utterances.listed import Listed
from dmd.data.utterances.tuples import read_tuples


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
        listed = read_tuples(content, wanted, embedding, problems.add, layout.reads_labels)
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
