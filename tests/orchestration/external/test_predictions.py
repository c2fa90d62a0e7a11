"""Predictions of other code: checked against the data as a whole, scored once, and never a way to the test labels."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.sealed_test import ExternalTraining
from dmd.data.formats.load import open_dataset
from dmd.errors import LabelsSealed
from dmd.job import FoldRef
from orchestration.external.external_trials import external_trials, score_predictions
from orchestration.external.predictions import MOST_SHOWN, read_external_runs
from orchestration.process.errors import UsageError
from search_spaces.schema.schema import ExternalArm
from search_spaces.terms.trial import Cell

IDS = {Cell(0, 0): ("a", "b"), Cell(0, 1): ("c",), Cell(0, 2): ("d", "e")}
OFFICIAL = {Cell(): ("a", "b", "c")}
Row = tuple[object, ...]


def rows_of(seeds: Iterable[int] = (1, 2)) -> list[Row]:
    """(id, seed, fold, prediction) of a whole file for :data:`IDS`."""
    return [
        (item, seed, cell.fold, seed + place / 10)
        for seed, (cell, items) in itertools.product(seeds, IDS.items())
        for place, item in enumerate(items)
    ]


def write_csv(path: Path, rows: Sequence[Row], header: str = "id,seed,fold,prediction") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def read(
    *paths: Path, tested: Mapping[Cell, Sequence[str]] = IDS, data_dir: Path | None = None
) -> dict[tuple[int, str], list[float]]:
    """(seed, cell) -> predictions of the first file."""
    arms = [ExternalArm(arm=f"arm{place}", path=str(path)) for place, path in enumerate(paths)]
    runs = read_external_runs(arms, tested, data_dir)
    return {(seed, cell.name): values.tolist() for (seed, cell), values in runs["arm0"].runs.items()}


def problems_of(*paths: Path, tested: Mapping[Cell, Sequence[str]] = IDS) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read(*paths, tested=tested)
    return str(caught.value).splitlines()


def test_rows_in_any_order_come_back_in_the_order_of_the_data(tmp_path: Path) -> None:
    shuffled = [rows_of()[place] for place in np.random.default_rng(0).permutation(len(rows_of()))]
    expected = {
        (1, "r0f0"): [1.0, 1.1], (1, "r0f1"): [1.0], (1, "r0f2"): [1.0, 1.1],
        (2, "r0f0"): [2.0, 2.1], (2, "r0f1"): [2.0], (2, "r0f2"): [2.0, 2.1],
    }  # fmt: skip
    found = read(write_csv(tmp_path / "p.csv", shuffled))
    assert {place: pytest.approx(values) for place, values in expected.items()} == found
    # ... and the same from an archive, with a byte-order mark, and with columns that are not ours to read.
    columns = dict(zip(("id", "seed", "fold", "prediction"), map(np.array, zip(*shuffled, strict=True)), strict=True))
    np.savez(tmp_path / "p.npz", **columns)
    assert read(tmp_path / "p.npz") == found
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "p.csv").read_bytes())
    assert read(tmp_path / "bom.csv") == found
    labelled = [(*row, "secret") for row in shuffled]
    assert read(write_csv(tmp_path / "more.csv", labelled, "id,seed,fold,prediction,label")) == found


def test_an_official_split_needs_no_fold_column(tmp_path: Path) -> None:
    rows = [("c", 5, 0.3), ("a", 5, 0.1), ("b", 5, 0.2)]
    path = write_csv(tmp_path / "p.csv", rows, "id,seed,prediction")
    assert read(path, tested=OFFICIAL) == {(5, "official"): pytest.approx([0.1, 0.2, 0.3])}
    with_fold = write_csv(tmp_path / "q.csv", [(*row, "official") for row in rows], "id,seed,prediction,fold")
    assert read(with_fold, tested=OFFICIAL) == read(path, tested=OFFICIAL)
    wrong = write_csv(tmp_path / "r.csv", [(*rows[0], 1)], "id,seed,prediction,fold")
    (problem,) = problems_of(wrong, tested=OFFICIAL)
    assert problem.endswith("line 2: fold '1': the study has one official split; leave `fold` out")


def test_repeats_are_told_apart(tmp_path: Path) -> None:
    tested = {Cell(repeat, fold): ids for repeat in (0, 1) for fold, ids in enumerate((("a",), ("b",), ("c",)))}
    rows = [(ids[0], 1, cell.fold, cell.repeat, 0.5) for cell, ids in tested.items()]
    header = "id,seed,fold,repeat,prediction"
    assert len(read(write_csv(tmp_path / "p.csv", rows, header), tested=tested)) == 6
    (problem,) = problems_of(write_csv(tmp_path / "q.csv", rows[:-1], header), tested=tested)
    assert problem.endswith("seed 1 has no predictions for fold 2 of repeat 1; every seed must cover every tested part")
    bad = [("a", 1, 0, 2, 0.5), *rows[1:]]
    (problem,) = problems_of(write_csv(tmp_path / "r.csv", bad, header), tested=tested)
    assert "line 2: fold '0', repeat '2': the study tests folds 0 to 2, repeats 0 to 1" in problem


def drop(number: int) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for place, row in enumerate(rows) if place != number]


def change(number: int, place: int, value: object) -> Callable[[list[Row]], list[Row]]:
    def edit(rows: list[Row]) -> list[Row]:
        row = list(rows[number])
        row[place] = value
        return [*rows[:number], tuple(row), *rows[number + 1 :]]

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (drop(1), ["seed 1, fold 0: 1 of 2 items are missing: b"]),
        (drop(2), ["seed 1 has no predictions for fold 1; every seed must cover every tested part"]),
        (lambda rows: [*rows, rows[0]], ["line 12: id 'a', seed 1, fold 0 stands at line 2 already"]),
        (change(0, 0, "x"), ["line 2: id 'x' is not in any tested part of the data"]),
        (change(0, 0, "c"), ["line 2: id 'c' is not tested in fold 0, but in fold 1"]),
        (change(0, 1, "one"), ["line 2: seed 'one' is not a whole number from 0 to 2000000000"]),
        (change(0, 1, -1), ["line 2: seed '-1' is not a whole number"]),
        (change(0, 2, 3), ["line 2: fold '3': the study tests folds 0 to 2"]),
        (change(0, 2, ""), ["line 2: fold '': the study tests folds 0 to 2"]),
        (change(0, 3, "nan"), ["line 2: prediction 'nan' is not a finite number"]),
        (change(0, 3, "1e39"), ["line 2: prediction '1e39' is not a finite number"]),
        (change(0, 3, ""), ["line 2: prediction '' is not a finite number"]),
        (lambda rows: change(3, 3, "inf")(change(0, 0, "x")(rows)), ["line 2: id 'x'", "line 5: prediction 'inf'"]),
        (lambda rows: rows[:0], ["has no predictions"]),
    ],
)
def test_what_does_not_fit_the_data_is_said_with_its_line(
    tmp_path: Path, edit: Callable[[list[Row]], list[Row]], words: list[str]
) -> None:
    path = write_csv(tmp_path / "theirs.csv", edit(rows_of()))
    problems = problems_of(path)
    assert len(problems) == len(words)
    for problem, expected in zip(problems, words, strict=True):
        assert problem.startswith(str(path))
        assert expected in problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "column 'id' is missing; it has none"),
        (b"id,seed,fold,predictions\na,1,0,0.5\n", "column 'prediction' is missing; is it 'predictions'?"),
        (b"id;seed;fold;prediction\n", "column 'id' is missing"),
        (b"id,seed,prediction\na,1,0.5\n", "column 'fold' is missing; the study tests 3 folds"),
        (b"id,id,seed,fold,prediction\n", "column 'id' stands 2 times"),
        (b"id,seed,fold,prediction\na,1,0\n", "line 2: has 3 fields, the header has 4"),
        (b'id,seed,fold,prediction\n"a,1,0,0.5\n', "is no CSV"),
        (b"\xff\xfe\x00", "is neither UTF-8 text nor an .npz archive"),
        (b"PK\x03\x04", "is no .npz archive that can be read"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "theirs.csv"
    path.write_bytes(content)
    assert words in problems_of(path)[0]


def test_an_archive_is_checked_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, id=np.array(["a"]), seed=np.array([[1]]), fold=np.array([0]), prediction=np.array(["x"]))
    problems = problems_of(path)
    assert [problem.removeprefix(f"{path}: ") for problem in problems] == [
        "seed: has shape (1, 1), must be (n,)",
        "prediction: holds <U1, must be numbers",
    ]
    np.savez(path, id=np.array(["a", "b"]), seed=np.array([1]), fold=np.array([0]), prediction=np.array([0.5]))
    assert "the arrays differ in length: id 2, seed 1" in problems_of(path)[0]
    np.savez(path, id=np.array([object()]), seed=np.array([1]), prediction=np.array([1.0]))
    assert "is no .npz archive that can be read" in problems_of(path)[0]
    np.savez(path, id=np.array(["a"]), seed=np.array([1]), fold=np.array([0]), prediction=np.array([np.inf]))
    assert problems_of(path) == [f"{path}, entry 0: prediction inf is not a finite number"]


def test_every_problem_of_every_file_is_said_at_once(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    wrong = write_csv(tmp_path / "wrong.csv", [("x", 1, 0, 0.5)] * (MOST_SHOWN + 5))
    same = [write_csv(tmp_path / f"same{n}.csv", rows_of()) for n in range(2)]
    problems = problems_of(absent, wrong, *same)
    assert problems[0].startswith(f"{absent}: no such file: looked at {absent}")
    assert len(problems) == 1 + MOST_SHOWN + 1 + 1
    assert problems[-2] == f"{wrong}: 5 more problems of this file"
    assert problems[-1].endswith("arms 'arm2' and 'arm3' are the same predictions; remove one")


def test_a_file_is_looked_up_where_the_data_are(tmp_path: Path) -> None:
    write_csv(tmp_path / "theirs.csv", rows_of())
    assert len(read(Path("theirs.csv"), data_dir=tmp_path)) == 6


def test_items_that_share_an_id_cannot_be_told_apart(tmp_path: Path) -> None:
    (problem, *_) = problems_of(write_csv(tmp_path / "p.csv", rows_of()), tested={**IDS, Cell(0, 1): ("c", "c")})
    assert problem.startswith("arms.external: ids of the data are not unique (c)")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return open_dataset("planted:num_videos=9,clips_per_video=6")


FOLD = FoldRef("group", 3, 1, 0, 0, 1)


def test_scores_are_those_of_a_trial_with_labels_from_the_data(dataset: Dataset) -> None:
    ids = dataset.ids_of_parts(FOLD)["test"]
    partition = dataset.partition(FOLD).test
    values = np.linspace(-3, 3, len(ids)).astype(np.float32)
    result = score_predictions(dataset, FOLD, values)
    assert ids == partition.inputs.ids
    expected = partition.score(values, ExternalTraining())
    assert (result.test, result.fallback_test) == (expected.metrics, expected.fallback)
    assert result.test_predictions is not None
    np.testing.assert_array_equal(result.test_predictions.labels, expected.predictions.labels)
    assert (result.duration_s, result.num_parameters, result.epochs) == (0.0, 0, ())
    assert (result.num_train, result.num_valid, result.num_test) == dataset.count_parts(FOLD)


def test_a_sealed_part_is_scored_once_by_other_code_too(dataset: Dataset) -> None:
    sealed = dataset.seal_test(FOLD)
    values = np.zeros(len(sealed), dtype=np.float32)
    sealed.score(values, ExternalTraining())
    with pytest.raises(LabelsSealed, match="scored before"):
        sealed.score(values, ExternalTraining())


def test_other_predictions_are_other_trials(dataset: Dataset, tmp_path: Path) -> None:
    cells = {Cell(0, fold): FoldRef("group", 3, 1, 0, 0, fold) for fold in range(3)}
    tested = {cell: dataset.ids_of_parts(fold)["test"] for cell, fold in cells.items()}

    def trials_of(prediction: float) -> dict[str, str]:
        rows = [(item, seed, cell.fold, prediction) for seed in (1, 2) for cell, ids in tested.items() for item in ids]
        arm = ExternalArm(arm="theirs", path=str(write_csv(tmp_path / "p.csv", rows)))
        given = external_trials(read_external_runs([arm], tested, None), dataset, cells.__getitem__, "context")
        assert {g.trial.stage for g in given} == {"confirm"}
        return {g.trial.id: g.trial.configuration_id for g in given}

    first, again, other = trials_of(0.5), trials_of(0.5), trials_of(0.25)
    assert first == again
    assert len(first) == 6
    assert set(first).isdisjoint(other)
    # One configuration per file: its seeds are runs of one arm.
    assert len(set(first.values())) == len(set(other.values())) == 1
