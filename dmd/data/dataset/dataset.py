"""One data set as a value, with its labels out of reach.

Nothing public here gives a label: :meth:`Dataset.partition` hands out the labels of a training and a validation part
and seals those of the test part (:mod:`dmd.data.dataset.sealed_test`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dmd.data.dataset.folds import PartRows, rows_of_fold
from dmd.data.dataset.groups import ITEMS, Grouping, Overlap
from dmd.data.dataset.input_config import InputConfig
from dmd.data.dataset.partition import Partition, make_partition, show_inputs
from dmd.data.dataset.sealed_test import SealedTest
from dmd.data.dataset.tokens import NoTokens, Tokens
from dmd.data.samples.alignment import Layout, find_layout
from dmd.data.samples.arrays import FloatArray, IntArray, real_steps
from dmd.data.samples.samples import ContentHash, FilePadding, Inputs, LabelScale
from dmd.data.samples.standardise import Standardiser, count_far_values
from dmd.data.samples.target import Target
from dmd.errors import DataError
from dmd.job import FoldRef
from dmd.modalities import Modality
from dmd.scoring import Scoring, choose_metrics


@dataclass(frozen=True, eq=False)
class Dataset:
    """All samples of one file, in the file's order (train, then valid, then test).

    Attributes:
        name: of the file, for messages.
        splits: the official split: ``train``, ``valid``, ``test`` -> (n_split,) row numbers.
        file_folds: (n,) fold of each row in 0..k-1 as the file declares them; None if it declares none.
        grouping: where the group of each row is known from.
        target: what the labels are.
        modalities: those that the data have; any other is blank in every row.
        file_padding: modality -> side that the file padded; here sequences are right-padded.
        non_finite: modality -> values that were NaN or infinite and were replaced by 0.
        clamped_lengths: modality -> lengths that were 0 and were raised to 1.
        content_hash: SHA-256 over everything that decides a result (not the name), see
            :mod:`dmd.data.dataset.fingerprint`; token ids, which few trials read, have a digest of their own.
        inputs: features, ids and groups of all rows, without labels.
        tokens: token ids of the text, or why there are none.
        remarks: what the reader drew, joined or left out, in sentences; they decide nothing.
    """

    name: str
    splits: Mapping[str, IntArray]
    file_folds: IntArray | None
    grouping: Grouping
    target: Target
    modalities: tuple[Modality, ...]
    file_padding: Mapping[Modality, FilePadding]
    non_finite: Mapping[Modality, int]
    clamped_lengths: Mapping[Modality, int]
    content_hash: ContentHash
    inputs: Inputs = field(repr=False)
    tokens: Tokens | NoTokens = field(repr=False)
    _labels: FloatArray = field(repr=False)
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def scale(self) -> LabelScale:
        """Of labels that are numbers."""
        return self.target.scale

    @property
    def widths(self) -> dict[Modality, int]:
        """Modality -> D_m."""
        return {modality: part.values.shape[2] for modality, part in self.inputs.sequences.items()}

    @property
    def max_steps(self) -> dict[Modality, int]:
        """Modality -> T_m."""
        return {modality: part.values.shape[1] for modality, part in self.inputs.sequences.items()}

    @property
    def lengths(self) -> dict[Modality, IntArray]:
        """Modality -> (n,) real steps of each sample."""
        return {modality: part.lengths for modality, part in self.inputs.sequences.items()}

    def real_steps(self, modality: Modality, rows: IntArray) -> FloatArray:
        """(k, D_m): the real steps of the given rows, one after the other, as the file has them."""
        part = self.inputs.sequences[modality].take(rows)
        values = part.in_memory
        steps: FloatArray = values[real_steps(part.lengths, values.shape[1])]
        return steps

    def count_far_values(self, modality: Modality) -> dict[int, int]:
        """Column -> values of the file so far out that moments leave them out, of the columns that have any."""
        return count_far_values(self.inputs.sequences[modality])

    @property
    def groups(self) -> tuple[str, ...]:
        """The group (the video) of each row."""
        return self.inputs.groups

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each row."""
        return self.inputs.ids

    @property
    def num_file_folds(self) -> int | None:
        """How many folds the file declares; None if it declares none."""
        return None if self.file_folds is None else int(self.file_folds.max()) + 1

    def count_labels(self) -> dict[int, int]:
        """Label rounded half to even, or number of a class -> number of samples in the whole file.

        Of several numbers the first is counted; of yes-or-no answers the number of a question -> samples with a yes.
        Counts tell no row's label.
        """
        if self.target.kind == "binaries":
            return dict(enumerate(self._labels.sum(axis=0).astype(np.int64).tolist()))
        first = self._labels if self._labels.ndim == 1 else self._labels[:, 0]
        classes, counts = np.unique(np.round(first).astype(np.int64), return_counts=True)
        return dict(zip(classes.tolist(), counts.tolist(), strict=True))

    def save_labels(self, path: Path) -> None:
        """Write the labels, (n,) or (n, K) little-endian float32, as the new ``.npy`` file ``path``. Raises OSError."""
        np.save(path, self._labels.astype("<f4"), allow_pickle=False)

    @property
    def has_tokens(self) -> bool:
        """True if the file holds token ids of the text beside its features."""
        return isinstance(self.tokens, Tokens)

    def require_tokens(self) -> Tokens:
        """The token ids. Raises DataError saying why there are none."""
        if isinstance(self.tokens, NoTokens):
            raise DataError(
                f"{self.name}: `text: bert_ids` needs token ids, and {self.tokens.reason}; "
                "take a file that has them, or write `text: features`"
            )
        return self.tokens

    def partition(self, fold: FoldRef, inputs: InputConfig = InputConfig()) -> Partition:  # noqa: B008 (frozen)
        """Training, validation and sealed test part of ``fold``, standardised by the training part.

        inputs: modalities that are not to be seen are blank in all three parts; where tokens are to be read, the
        language modality holds them, (n, T, 3), as they are. Raises DataError if the file cannot be cut that way.
        """
        whole, layout = self._read(inputs), _for_tokens(self.layout(inputs), inputs)
        return make_partition(whole, self._labels, self.scoring(fold), self._rows(fold), fold, inputs, layout)

    def show_rows(self, rows: IntArray, standardiser: Standardiser, inputs: InputConfig, layout: Layout) -> Inputs:
        """Some rows as a model of another data set is given them.

        Args:
            rows: (k,) numbers.
            standardiser: of the training part of that data set.
            inputs: what the model reads.
            layout: of that data set, with at least as many steps as these rows have.
        """
        return show_inputs(self._read(inputs).take(rows), standardiser, inputs, _for_tokens(layout, inputs))

    def lengths_read(self, inputs: InputConfig) -> dict[Modality, IntArray]:
        """Modality -> (n,) real steps of what is read, features or token ids."""
        return {modality: part.lengths for modality, part in self._read(inputs).sequences.items()}

    def layout(self, inputs: InputConfig) -> Layout:
        """Where the sequences stand that a method reads, and how many steps they have.

        Tokens stand at the start for BERT, and where this says for the method that reads what BERT makes of them.
        Raises DataError where the file cannot be laid out so.
        """
        padding = {**self.file_padding, "language": "right"} if inputs.reads_tokens else self.file_padding
        return find_layout(inputs.align, self._read(inputs).sequences, padding, self.name)

    def _read(self, inputs: InputConfig) -> Inputs:
        """What is read of the file: its features, or token ids as the language modality."""
        if not inputs.reads_tokens:
            return self.inputs
        tokens = self.require_tokens().as_sequences()
        return replace(self.inputs, sequences={**self.inputs.sequences, "language": tokens})

    def seal_test(self, fold: FoldRef) -> SealedTest:
        """The test part of ``fold`` alone, inputs as in the file: for predictions that were made elsewhere.

        Raises DataError if the file cannot be cut that way.
        """
        rows = self._rows(fold)
        inputs, labels = self.inputs.take(rows.test), self._labels[rows.test]
        return SealedTest(inputs, labels, self.scoring(fold), self._labels[rows.train])

    def scoring(self, fold: FoldRef) -> Scoring:
        """What predictions are scored by where the file is cut as for ``fold``: the same for every fold of a study.

        Folds test every item once, so they are asked together. Raises DataError if the file cannot be cut that way.
        """
        if fold.kind != "official":
            return choose_metrics(self.target, {"of the file": self._labels})
        rows = self._rows(fold)
        parts = {"of the validation part": self._labels[rows.valid], "of the test part": self._labels[rows.test]}
        return choose_metrics(self.target, {"of the file": self._labels, **parts})

    def ids_of_parts(self, fold: FoldRef) -> dict[str, tuple[str, ...]]:
        """``train``, ``valid``, ``test`` -> ids of the part, in the order of the file. Raises DataError as above."""
        rows = self._rows(fold)
        parts = {"train": rows.train, "valid": rows.valid, "test": rows.test}
        return {name: tuple(self.inputs.ids[row] for row in part.tolist()) for name, part in parts.items()}

    def count_parts(self, fold: FoldRef) -> tuple[int, int, int]:
        """Items that ``fold`` trains, validates and tests. Raises DataError if the file cannot be cut that way."""
        rows = self._rows(fold)
        return len(rows.train), len(rows.valid), len(rows.test)

    def overlap(self, fold: FoldRef) -> Overlap:
        """Which groups lie in more than one part of ``fold``. Raises DataError if the file cannot be cut that way.

        None do where no groups are known: ids that begin anew in every split name no common item.
        """
        rows, groups = self._rows(fold), np.array(self.groups)
        train, valid, test = ({str(name) for name in groups[part]} for part in (rows.train, rows.valid, rows.test))
        if self.grouping.noun == ITEMS:
            return Overlap(0, 0, len(test))
        seen = train | valid
        return Overlap(len((train & valid) | (seen & test)), len(seen & test), len(test))

    def _rows(self, fold: FoldRef) -> PartRows:
        if fold.kind == "group":
            self.grouping.require_groups(self.groups, self.name)
        return rows_of_fold(fold, self.groups, self.splits, self.file_folds, self.name)


def _for_tokens(layout: Layout, inputs: InputConfig) -> Layout:
    """The layout of what is read: token ids stand at the start, wherever the method reads what BERT makes of them."""
    return replace(layout, sides={**layout.sides, "language": "start"}) if inputs.reads_tokens else layout
