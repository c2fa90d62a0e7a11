"""A file of predictions as rows: CSV with a header, or ``.npz`` with one array per column. Nothing is believed yet.

Columns: ``id``, ``seed``, what is predicted (:mod:`orchestration.external.prediction_columns`); ``fold`` where the
study has folds; ``repeat`` if it repeats them. Further columns are not read, a label column in particular: labels come
from the data alone.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmd.data.samples.target import Target
from dmd.data.untrusted.archive import ArchiveError, in_one_line, open_archive
from orchestration.external.prediction_columns import ALONE, Cell, PredictionColumns
from reports.text.spreadsheet_cell import original_text

PLACE = ("id", "seed")
OPTIONAL = ("fold", "repeat")
MOST_BYTES, MOST_ROWS = 1 << 28, 1_000_000
"""Two hundred seeds of the largest test part there is. A row takes some 400 bytes of memory."""
MOST_NAMED = 20
_ZIP_MAGIC = b"PK"


class FileProblems(Exception):
    """What is wrong with a prediction file as a file; one line per problem, without the file's name."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(*problems)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row.

    Attributes:
        location: where it is in the file, in words.
        values: column -> content as the file has it.
    """

    location: str
    values: Mapping[str, Cell]


_Table = tuple[tuple[str, ...], PredictionColumns, tuple[PredictionRow, ...]]
"""Columns that are read, those of predictions, rows."""


@dataclass(frozen=True)
class PredictionFile:
    """A file with predictions of other code.

    Attributes:
        path: where it was read.
        digest: SHA-256 of its bytes.
        columns: those that are read.
        predicted: which of them hold what is predicted.
        rows: in the order of the file.
    """

    path: Path
    digest: str
    columns: tuple[str, ...]
    predicted: PredictionColumns
    rows: tuple[PredictionRow, ...]


def read_prediction_file(path: Path, target: Target) -> PredictionFile:
    """Read ``path``; its content decides the format. Raises FileProblems.

    target: what is predicted.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileProblems([f"has more than {MOST_BYTES} bytes; write id, seed, fold and predictions alone"])
        content = path.read_bytes()
    except OSError as error:
        raise FileProblems([f"cannot be read ({error.strerror}); correct the path or its permissions"]) from error
    is_archive = content.startswith(_ZIP_MAGIC)
    columns, predicted, rows = _read_npz(path, target) if is_archive else _read_csv(content, target)
    if not rows:
        raise FileProblems(["has no predictions; write a row per item, seed and fold"])
    return PredictionFile(
        path=path, digest=hashlib.sha256(content).hexdigest(), columns=columns, predicted=predicted, rows=rows
    )


def _read_csv(content: bytes, target: Target) -> _Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileProblems([f"is neither UTF-8 text nor an .npz archive ({error.reason})"]) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[str] = []
    rows: list[PredictionRow] = []
    header: list[str] = []
    try:
        header = [original_text(name.strip()) for name in next(reader, [])]
        predicted = PredictionColumns.among(target, header)
        columns = _check_columns(header, predicted)
        for fields in reader:
            if not fields:
                continue
            location = f"line {reader.line_num}"
            if len(fields) != len(header):
                problems.append(f"{location}: has {len(fields)} fields, the header has {len(header)}")
                continue
            if len(rows) == MOST_ROWS:
                raise FileProblems([f"has more than {MOST_ROWS} rows; split its seeds over several arms"])
            values = dict(zip(header, fields, strict=True))
            rows.append(PredictionRow(location, {name: original_text(values[name].strip()) for name in columns}))
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: is no CSV ({error})")
    if problems:
        raise FileProblems(problems)
    return columns, predicted, tuple(rows)


def _read_npz(path: Path, target: Target) -> _Table:
    try:
        with open_archive(path) as archive:
            found = sorted(archive.names)
            predicted = PredictionColumns.among(target, found)
            columns = _check_columns(found, predicted)
            archive.check_expansion_ratio(columns)
            arrays = {name: archive.read(name) for name in columns}
    except (ArchiveError, OSError) as error:
        raise FileProblems([f"is no .npz archive that can be read ({in_one_line(error)})"]) from error
    problems = list(_check_arrays(arrays, predicted.is_one_class))
    if problems:
        raise FileProblems(problems)
    lists = [arrays[name].tolist() for name in columns]
    entries = zip(*lists, strict=True)
    rows = (
        PredictionRow(f"entry {index}", dict(zip(columns, values, strict=True))) for index, values in enumerate(entries)
    )
    return columns, predicted, tuple(rows)


def _check_arrays(arrays: Mapping[str, np.ndarray], is_one_class: bool) -> Iterator[str]:
    """is_one_class: whether predictions are names or numbers of classes."""
    with_text = {"fold", ALONE} if is_one_class else {"fold"}
    for name, array in arrays.items():
        kinds = "US" if name == "id" else "iufU" if name in with_text else "iuf"
        if array.ndim != 1:
            yield f"{name}: has shape {array.shape}, must be (n,)"
        elif array.dtype.kind not in kinds:
            yield f"{name}: holds {array.dtype}, must be {'text' if name == 'id' else 'numbers'}"
    if any(array.size > MOST_ROWS for array in arrays.values()):
        yield f"has more than {MOST_ROWS} rows; split its seeds over several arms"
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim == 1}
    if len(set(lengths.values())) > 1:
        yield f"the arrays differ in length: {', '.join(f'{name} {n}' for name, n in lengths.items())}"


def _check_columns(found: Sequence[str], predicted: PredictionColumns) -> tuple[str, ...]:
    """The columns among ``found`` that are read. Raises FileProblems."""
    problems = []
    required = (*PLACE, *predicted.names)
    known = (*required, *OPTIONAL)
    for name in required:
        if name not in found:
            near = difflib.get_close_matches(name, [other for other in found[:100] if other not in known], n=1)
            has = ", ".join(map(repr, found[:MOST_NAMED])) + (", ..." if len(found) > MOST_NAMED else "")
            hint = f"is it {near[0]!r}?" if near else f"it has {has or 'none'}"
            problems.append(f"column {name!r} is missing; {hint}")
    problems += [f"column {name!r} stands {found.count(name)} times" for name in known if found.count(name) > 1]
    if problems:
        raise FileProblems(problems)
    return tuple(name for name in known if name in found)
