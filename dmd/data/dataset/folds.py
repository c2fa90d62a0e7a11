"""Which rows train, validate and test: the official split, the file's own folds, or folds drawn by group.

With folds, fold f of a repeat is tested, fold (f + 1) mod k validates, and the rest trains. Groups never cross folds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dmd.data.samples.arrays import IntArray
from dmd.errors import DataError
from dmd.job import FoldRef
from dmd.random_streams import numpy_generator

MIN_FOLDS = 3
"""One fold to test, one to validate, one to train."""


@dataclass(frozen=True)
class PartRows:
    """Row numbers of the three parts, each ascending.

    Attributes:
        train: (n_train,).
        valid: (n_valid,).
        test: (n_test,).
    """

    train: IntArray
    valid: IntArray
    test: IntArray


def rows_of_fold(
    fold: FoldRef, groups: Sequence[str], splits: Mapping[str, IntArray], file_folds: IntArray | None, name: str
) -> PartRows:
    """The rows that ``fold`` trains, validates and tests.

    Args:
        fold: how folds are drawn, and which one is tested.
        groups: the group of each row.
        splits: the official split, name -> row numbers.
        file_folds: (n,) folds of the file; None if it declares none.
        name: of the data set, for messages.

    Raises:
        DataError: the data cannot be cut that way; names the data set and the rule.
    """
    if fold.kind == "official":
        return PartRows(splits["train"], splits["valid"], splits["test"])
    if fold.kind == "file":
        if file_folds is None:
            raise DataError(
                f"{name}: the file declares no folds (key 'fold'); use folds by group or the official split"
            )
        folds = file_folds
    elif fold.kind == "group":
        folds = draw_group_folds(groups, fold.k, fold.seed, _checked_repeat(fold, name), name)
    else:
        raise DataError(f"{name}: folds of kind {fold.kind!r}; known kinds are official, file, group")
    require_disjoint_groups(folds, groups, name)
    return rotate(folds, fold.fold, name)


def _checked_repeat(fold: FoldRef, name: str) -> int:
    if not 0 <= fold.repeat < fold.repeats:
        raise DataError(f"{name}: repeat {fold.repeat} is outside 0..{fold.repeats - 1} (repeats: {fold.repeats})")
    return fold.repeat


def draw_group_folds(groups: Sequence[str], k: int, seed: int, repeat: int, name: str = "data") -> IntArray:
    """Assign each row to one of ``k`` folds so that a group lies in one fold. A pure function of its arguments.

    Groups are shuffled and taken from the largest down, k at a time; each such block gives one group to every fold, in
    random order. Blocks hold groups of nearly equal size, so fold sizes differ by at most the largest group's rows, and
    yet repeats differ (a strict "largest group to the smallest fold" would draw the same partition in every repeat when
    no two groups have the same size). The last, incomplete block goes to the smallest folds.

    Args:
        groups: the group of each of n rows.
        k: number of folds, at least 3 and at most the number of groups.
        seed: of the drawing.
        repeat: which drawing with this seed.
        name: of the data set, for messages.

    Returns:
        (n,) folds in 0..k-1.

    Raises:
        DataError: k is below 3 or above the number of groups.
    """
    sizes = Counter(groups)
    if k < MIN_FOLDS:
        raise DataError(f"{name}: k = {k} folds; one is tested, one validates and one trains, so k must be at least 3")
    if k > len(sizes):
        raise DataError(f"{name}: k = {k} folds but only {len(sizes)} groups; a group lies in one fold, so lower k")
    generator = numpy_generator(seed, "folds", repeat)
    names = sorted(sizes)
    shuffled = [names[position] for position in generator.permutation(len(names))]
    ordered = sorted(shuffled, key=lambda group: -sizes[group])
    totals = np.zeros(k, dtype=np.int64)
    fold_of: dict[str, int] = {}
    for start in range(0, len(ordered), k):
        block = ordered[start : start + k]
        order = generator.permutation(k)
        targets = order if len(block) == k else order[np.argsort(totals[order], kind="stable")]
        for group, target in zip(block, targets, strict=False):
            fold_of[group] = int(target)
            totals[target] += sizes[group]
    return np.array([fold_of[group] for group in groups], dtype=np.int64)


def require_disjoint_groups(folds: IntArray, groups: Sequence[str], name: str) -> None:
    """Refuse folds that share a group.

    Args:
        folds: (n,) fold of each row.
        groups: the group of each row.
        name: of the data set, for messages.

    Raises:
        DataError: names the groups that lie in more than one fold.
    """
    folds_of: dict[str, set[int]] = {}
    for group, fold in zip(groups, folds.tolist(), strict=True):
        folds_of.setdefault(group, set()).add(fold)
    shared = [f"{group} (folds {sorted(found)})" for group, found in folds_of.items() if len(found) > 1]
    if shared:
        shown = ", ".join(shared[:3]) + (", ..." if len(shared) > 3 else "")
        raise DataError(f"{name}: fold: groups must not cross folds, but {len(shared)} do: {shown}; use folds by group")


def rotate(folds: IntArray, tested: int | None, name: str) -> PartRows:
    """Cut the rows so that one fold is tested, the next one validates, and the others train.

    Args:
        folds: (n,) in 0..k-1.
        tested: the tested fold; None is refused.
        name: of the data set, for messages.

    Raises:
        DataError: fewer than three folds, or no fold of that number.
    """
    k = int(folds.max()) + 1
    if k < MIN_FOLDS:
        raise DataError(f"{name}: {k} folds; one is tested, one validates and one trains, so at least 3 are needed")
    if tested is None or not 0 <= tested < k:
        raise DataError(f"{name}: fold {tested} is tested, but the folds are 0..{k - 1}")
    validating = (tested + 1) % k
    return PartRows(
        train=np.flatnonzero((folds != tested) & (folds != validating)),
        valid=np.flatnonzero(folds == validating),
        test=np.flatnonzero(folds == tested),
    )
