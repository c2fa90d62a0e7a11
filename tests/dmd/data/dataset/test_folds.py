"""Folds keep groups together, are balanced, repeat exactly, and differ between repeats."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.folds import draw_group_folds, rotate
from dmd.errors import DataError
from dmd.job import FoldRef
from tests.dmd.data_builders import load_arrays, npz_arrays

GROUP_SIZES = (9, 11, 14, 17, 19, 22, 22, 23, 26, 28, 30, 33, 36, 41, 47, 63)
GROUPS = [f"video{number}" for number, size in enumerate(GROUP_SIZES) for _ in range(size)]


@pytest.mark.parametrize("k", [3, 5, 7, 16])
@pytest.mark.parametrize("seed", [0, 1])
def test_groups_stay_together_and_folds_are_balanced(k: int, seed: int) -> None:
    folds = draw_group_folds(GROUPS, k, seed, repeat=0)
    assert len(set(zip(GROUPS, folds.tolist(), strict=True))) == len(GROUP_SIZES)
    counts = np.bincount(folds, minlength=k)
    assert counts.min() > 0
    assert counts.max() - counts.min() <= max(GROUP_SIZES)


def test_folds_are_a_function_of_seed_and_repeat() -> None:
    drawn = {(seed, repeat): draw_group_folds(GROUPS, 5, seed, repeat) for seed in (0, 1) for repeat in range(4)}
    assert np.array_equal(drawn[0, 2], draw_group_folds(GROUPS, 5, 0, 2))
    partitions = {frozenset(frozenset(np.flatnonzero(folds == f)) for f in range(5)) for folds in drawn.values()}
    assert len(partitions) == 8, "repeats and seeds must give other partitions, not other numbers for the same one"


def test_folds_do_not_depend_on_the_order_of_rows() -> None:
    reverse = draw_group_folds(GROUPS[::-1], 5, 0, 0)[::-1]
    assert np.array_equal(reverse, draw_group_folds(GROUPS, 5, 0, 0))


def test_every_row_is_tested_and_validated_once_over_the_folds() -> None:
    folds = draw_group_folds(GROUPS, 5, 0, 0)
    tested: Counter[int] = Counter()
    validated: Counter[int] = Counter()
    for fold in range(5):
        rows = rotate(folds, fold, "data")
        tested.update(rows.test.tolist())
        validated.update(rows.valid.tolist())
        assert sorted([*rows.train, *rows.valid, *rows.test]) == list(range(len(GROUPS)))
        assert set(folds[rows.valid]) == {(fold + 1) % 5}
    assert set(tested.values()) == set(validated.values()) == {1}


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        (FoldRef("group", k=2, fold=0), "k = 2 folds"),
        (FoldRef("group", k=10, fold=0), "only 9 groups"),
        (FoldRef("group", k=3, fold=3), "fold 3 is tested, but the folds are 0..2"),
        (FoldRef("group", k=3, fold=None), "fold None is tested"),
        (FoldRef("group", k=3, repeats=2, repeat=2, fold=0), "repeat 2 is outside 0..1"),
        (FoldRef("file", fold=5), "fold 5 is tested, but the folds are 0..2"),
        (FoldRef("random", fold=0), "folds of kind 'random'"),
    ],
)
def test_a_fold_that_cannot_be_drawn_is_refused(tmp_path: Path, fold: FoldRef, message: str) -> None:
    dataset = load_arrays(tmp_path, npz_arrays())
    with pytest.raises(DataError, match=message):
        dataset.partition(fold)


def test_file_folds_that_share_a_group_are_refused_by_name(tmp_path: Path) -> None:
    arrays = npz_arrays()
    arrays["train/fold"][0] = 2
    with pytest.raises(DataError, match=r"groups must not cross folds, but 1 do: v0 \(folds \[0, 2\]\)"):
        load_arrays(tmp_path, arrays).partition(FoldRef("file", fold=0))


def test_a_file_without_folds_says_so(tmp_path: Path) -> None:
    dataset = load_arrays(tmp_path, npz_arrays(with_folds=False))
    assert dataset.num_file_folds is None
    with pytest.raises(DataError, match="declares no folds"):
        dataset.partition(FoldRef("file", fold=0))


@pytest.mark.parametrize("kind", ["group", "file"])
def test_partitions_of_folds_never_share_a_group(tmp_path: Path, kind: str) -> None:
    dataset = load_arrays(tmp_path, npz_arrays())
    assert dataset.num_file_folds == 3
    for fold in range(3):
        parts = dataset.partition(FoldRef(kind, k=3, fold=fold))
        train, valid, test = (set(p.groups) for p in (parts.train.inputs, parts.valid.inputs, parts.test.inputs))
        assert not (train & valid or train & test or valid & test)
        assert len(train | valid | test) == 9
