"""Predictions of other code, checked against the data: for every seed, every item of every tested part, once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dmd.data.samples.target import SENTIMENT_TARGET, Target
from orchestration.external.prediction_columns import Cell as FileCell
from orchestration.external.prediction_columns import as_number
from orchestration.external.prediction_file import FileProblems, PredictionFile, PredictionRow, read_prediction_file
from orchestration.process.errors import UsageError
from search_spaces.schema.fields import MAX_SEED
from search_spaces.schema.schema import ExternalArm
from search_spaces.terms.trial import Cell, Value

MOST_SHOWN = 20
OFFICIAL = "official"

TestedIds = Mapping[Cell, Sequence[str]]
"""Cell -> ids of its test part, in the order of the data."""


@dataclass(frozen=True)
class ExternalRuns:
    """The predictions of one arm.

    Attributes:
        arm: its name.
        path: of the file, as the space has it.
        digest: SHA-256 of the file's bytes.
        runs: (seed, fold) -> (n,) or (n, K) predictions in the order of the fold's test part.
        is_certain: whether the file names classes, without probabilities.
    """

    arm: str
    path: str
    digest: str
    runs: Mapping[tuple[int, Cell], npt.NDArray[np.float32]]
    is_certain: bool = False

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed of the file, ascending."""
        return tuple(sorted({seed for seed, _ in self.runs}))

    @property
    def settings(self) -> dict[str, Value]:
        """What decides the arm's numbers: the content of its file."""
        return {"predictions": self.digest[:16]}


def read_external_runs(
    arms: Sequence[ExternalArm], tested: TestedIds, data_dir: Path | None, target: Target = SENTIMENT_TARGET
) -> dict[str, ExternalRuns]:
    """Read and check the prediction files of all external arms.

    Args:
        arms: with the path of each file, looked up as data files are: as it stands, then in ``data_dir``.
        tested: ids that must have a prediction.
        data_dir: folder of data files; None: there is none.
        target: what is predicted.

    Returns:
        Arm -> its predictions.

    Raises:
        UsageError: with every problem of every file.
    """
    problems: list[str] = []
    runs: dict[str, ExternalRuns] = {}
    if arms:
        problems += _check_ids(tested)
    for arm in arms:
        try:
            path = _find(arm.path, data_dir)
            file = read_prediction_file(path, target)
        except FileProblems as error:
            problems += _shorten(f"{arm.path}", error.problems)
            continue
        reader = _Reader(file, tested)
        found = _shorten(arm.path, reader.read())
        problems += found
        if not found:
            runs[arm.arm] = ExternalRuns(
                arm=arm.arm,
                path=arm.path,
                digest=file.digest,
                runs=reader.runs(),
                is_certain=file.predicted.is_one_class,
            )
    problems += _check_distinct(runs.values())
    if problems:
        raise UsageError("\n".join(problems))
    return runs


def describe_external(runs: ExternalRuns) -> dict[str, str]:
    """The facts of an external arm, for the report."""
    seeds = f"{len(runs.seeds)} seed{'' if len(runs.seeds) == 1 else 's'}"
    certain = "; classes without probabilities, so NLL counts every answer as certain" if runs.is_certain else ""
    return {
        "digest": runs.digest,
        "differs_from_baseline": (
            f"predictions of other code, {seeds} ({runs.path}, SHA-256 {runs.digest[:16]}): how it was trained and "
            f"what it has seen is not known here{certain}"
        ),
    }


def _find(name: str, data_dir: Path | None) -> Path:
    candidates = [Path(name).expanduser(), *([data_dir / name] if data_dir is not None else [])]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise FileProblems([f"no such file: looked at {looked}; correct arms.external or --data-dir"])


def _shorten(path: str, problems: Iterable[str]) -> list[str]:
    lines = [
        f"{path}, {problem}" if problem.startswith(("line ", "entry ")) else f"{path}: {problem}"
        for problem in problems
    ]
    if len(lines) <= MOST_SHOWN:
        return lines
    return [*lines[:MOST_SHOWN], f"{path}: {len(lines) - MOST_SHOWN} more problems of this file"]


def _check_ids(tested: TestedIds) -> Iterator[str]:
    """Ids must tell items apart, or predictions cannot be assigned."""
    doubled = sorted(
        {item for ids in tested.values() if len(set(ids)) < len(ids) for item in ids if ids.count(item) > 1}
    )
    if doubled:
        yield (
            f"arms.external: ids of the data are not unique ({', '.join(doubled[:3])}), so predictions cannot be "
            "assigned to items; make them unique"
        )


def _check_distinct(runs: Iterable[ExternalRuns]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for arm in runs:
        if arm.digest in seen:
            yield f"{arm.path}: arms {seen[arm.digest]!r} and {arm.arm!r} are the same predictions; remove one"
        seen.setdefault(arm.digest, arm.arm)


@dataclass
class _Reader:
    """Reads the rows of one file into (seed, cell) -> id -> (prediction, location)."""

    file: PredictionFile
    tested: TestedIds
    found: dict[tuple[int, Cell], dict[str, tuple[tuple[float, ...], str]]] = field(default_factory=dict)

    def read(self) -> Iterator[str]:
        """Every problem of the rows, then of what is missing."""
        if self._has_folds and "fold" not in self.file.columns:
            yield f"column 'fold' is missing; the study tests {len(self.tested)} folds"
            return
        known = {item for ids in self.tested.values() for item in ids}
        cells = {cell: frozenset(ids) for cell, ids in self.tested.items()}
        has_bad_rows = False
        for row in self.file.rows:
            problem = self._read_row(row, known, cells)
            if problem:
                has_bad_rows = True
                yield f"{row.location}: {problem}"
        # What a bad row would have been is unknown: it would be reported again as missing.
        if not has_bad_rows:
            yield from self._find_missing()

    def runs(self) -> dict[tuple[int, Cell], npt.NDArray[np.float32]]:
        """The predictions in the order of the data. Call after :meth:`read` found no problem."""
        columns = self.file.predicted.target.prediction_columns
        return {
            (seed, cell): np.array([items[item][0] for item in ids], dtype=np.float32).reshape(len(ids), *columns)
            for (seed, cell), items in sorted(self.found.items(), key=lambda entry: (entry[0][0], entry[0][1].name))
            for ids in [self.tested[cell]]
        }

    @property
    def _has_folds(self) -> bool:
        return any(cell.fold is not None for cell in self.tested)

    def _read_row(self, row: PredictionRow, known: set[str], cells: Mapping[Cell, frozenset[str]]) -> str | None:
        """Take in one row; what is wrong with it, or None."""
        seed = _whole(row.values["seed"])
        if seed is None or not 0 <= seed <= MAX_SEED:
            return f"seed {row.values['seed']!r} is not a whole number from 0 to {MAX_SEED}"
        cell = self._cell_of(row)
        if isinstance(cell, str):
            return cell
        item = str(row.values["id"])
        if item not in known:
            return f"id {item!r} is not in any tested part of the data"
        if item not in cells[cell]:
            return f"id {item!r} is not tested in {_name(cell)}, but in {', '.join(self._where(item))}"
        value = self.file.predicted.read(row.values)
        if isinstance(value, str):
            return value
        items = self.found.setdefault((seed, cell), {})
        if item in items:
            return f"id {item!r}, seed {seed}, {_name(cell)} stands at {items[item][1]} already"
        items[item] = (value, row.location)
        return None

    def _cell_of(self, row: PredictionRow) -> Cell | str:
        """The cell of a row, or what is wrong."""
        fold, repeat = row.values.get("fold", ""), row.values.get("repeat", 0)
        if not self._has_folds:
            is_official = fold in ("", OFFICIAL)
            return Cell() if is_official else f"fold {fold!r}: the study has one official split; leave `fold` out"
        cell = Cell(_whole(repeat) or 0, _whole(fold))
        if cell not in self.tested or _whole(repeat) is None or cell.fold is None:
            shown = f"fold {fold!r}" + (f", repeat {repeat!r}" if "repeat" in row.values else "")
            repeats = max(cell.repeat for cell in self.tested) + 1
            folds = max(cell.fold or 0 for cell in self.tested)
            return f"{shown}: the study tests folds 0 to {folds}" + (
                f", repeats 0 to {repeats - 1}" if repeats > 1 else ""
            )
        return cell

    def _where(self, item: str) -> list[str]:
        return [_name(cell) for cell, ids in self.tested.items() if item in ids]

    def _find_missing(self) -> Iterator[str]:
        for seed in sorted({seed for seed, _ in self.found}):
            for cell, ids in self.tested.items():
                items = self.found.get((seed, cell), {})
                missing = [item for item in ids if item not in items]
                if len(missing) == len(ids):
                    yield f"seed {seed} has no predictions for {_name(cell)}; every seed must cover every tested part"
                elif missing:
                    shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
                    yield f"seed {seed}, {_name(cell)}: {len(missing)} of {len(ids)} items are missing: {shown}"


def _name(cell: Cell) -> str:
    if cell.fold is None:
        return "the official test part"
    return f"fold {cell.fold}" + (f" of repeat {cell.repeat}" if cell.repeat else "")


def _whole(value: FileCell) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and math.isfinite(number) and number == int(number) else None
