"""A file of predictions as rows: CSV with a header, or ``.npz`` with one array per column. Nothing is believed yet.

Columns: ``id``, ``seed``, ``prediction``; ``fold`` where the study has folds; ``repeat`` if it repeats them. Further
columns are not read, a label column in particular: labels come from the data alone.
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

from dmd.data.untrusted.archive import ArchiveError, in_one_line, open_archive

REQUIRED = ("id", "seed", "prediction")
OPTIONAL = ("fold", "repeat")
COLUMNS = (*REQUIRED, *OPTIONAL)
MOST_BYTES, MOST_ROWS = 1 << 28, 1_000_000
"""Two hundred seeds of the largest test part there is. A row takes some 400 bytes of memory."""
MOST_NAMED = 20
_ZIP_MAGIC = b"PK"

Cell = str | int | float


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


@dataclass(frozen=True)
class PredictionFile:
    """A file with predictions of other code.

    Attributes:
        path: where it was read.
        digest: SHA-256 of its bytes.
        columns: those of :data:`COLUMNS` that it has.
        rows: in the order of the file.
    """

    path: Path
    digest: str
    columns: tuple[str, ...]
    rows: tuple[PredictionRow, ...]


def read_prediction_file(path: Path) -> PredictionFile:
    """Read ``path``; its content decides the format. Raises FileProblems."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileProblems([f"has more than {MOST_BYTES} bytes; write id, seed, fold and prediction alone"])
        content = path.read_bytes()
    except OSError as error:
        raise FileProblems([f"cannot be read ({error.strerror}); correct the path or its permissions"]) from error
    columns, rows = _read_npz(path) if content.startswith(_ZIP_MAGIC) else _read_csv(content)
    if not rows:
        raise FileProblems(["has no predictions; write a row per item, seed and fold"])
    return PredictionFile(path, hashlib.sha256(content).hexdigest(), columns, rows)


def _read_csv(content: bytes) -> tuple[tuple[str, ...], tuple[PredictionRow, ...]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileProblems([f"is neither UTF-8 text nor an .npz archive ({error.reason})"]) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[str] = []
    rows: list[PredictionRow] = []
    header: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = _check_columns(header)
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
            rows.append(PredictionRow(location, {name: values[name].strip() for name in columns}))
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: is no CSV ({error})")
    if problems:
        raise FileProblems(problems)
    return columns, tuple(rows)


def _read_npz(path: Path) -> tuple[tuple[str, ...], tuple[PredictionRow, ...]]:
    try:
        with open_archive(path) as archive:
            columns = _check_columns(sorted(archive.names))
            archive.check_expansion_ratio(columns)
            arrays = {name: archive.read(name) for name in columns}
    except (ArchiveError, OSError) as error:
        raise FileProblems([f"is no .npz archive that can be read ({in_one_line(error)})"]) from error
    problems = list(_check_arrays(arrays))
    if problems:
        raise FileProblems(problems)
    lists = [arrays[name].tolist() for name in columns]
    entries = zip(*lists, strict=True)
    return columns, tuple(
        PredictionRow(f"entry {index}", dict(zip(columns, values, strict=True))) for index, values in enumerate(entries)
    )


def _check_arrays(arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    for name, array in arrays.items():
        kinds = "US" if name == "id" else "iuf" if name != "fold" else "iufU"
        if array.ndim != 1:
            yield f"{name}: has shape {array.shape}, must be (n,)"
        elif array.dtype.kind not in kinds:
            yield f"{name}: holds {array.dtype}, must be {'text' if name == 'id' else 'numbers'}"
    if any(array.size > MOST_ROWS for array in arrays.values()):
        yield f"has more than {MOST_ROWS} rows; split its seeds over several arms"
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim == 1}
    if len(set(lengths.values())) > 1:
        yield f"the arrays differ in length: {', '.join(f'{name} {n}' for name, n in lengths.items())}"


def _check_columns(found: Sequence[str]) -> tuple[str, ...]:
    """The known columns among ``found``. Raises FileProblems."""
    problems = []
    for name in REQUIRED:
        if name not in found:
            near = difflib.get_close_matches(name, [other for other in found[:100] if other not in COLUMNS], n=1)
            has = ", ".join(map(repr, found[:MOST_NAMED])) + (", ..." if len(found) > MOST_NAMED else "")
            hint = f"is it {near[0]!r}?" if near else f"it has {has or 'none'}"
            problems.append(f"column {name!r} is missing; {hint}")
    problems += [f"column {name!r} stands {found.count(name)} times" for name in COLUMNS if found.count(name) > 1]
    if problems:
        raise FileProblems(problems)
    return tuple(name for name in COLUMNS if name in found)
