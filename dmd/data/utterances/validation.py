"""A validation part for files that have none: whole groups of the training part, drawn once and for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from dmd.random_streams import numpy_generator

SHARE = 0.1
"""Of the groups of the training part, as the loaders of these files take."""

T = TypeVar("T")


def draw_validation(names: Sequence[str], groups: Sequence[T]) -> tuple[list[T], list[T]]:
    """Training and validation groups, each in the order of the file. A pure function of the set of names.

    Args:
        names: of the groups, as text.
        groups: the same, as the file has them.
    """
    in_order = sorted(set(names))
    num = max(1, round(SHARE * len(in_order))) if len(in_order) > 1 else 0
    chosen = {in_order[place] for place in numpy_generator(0, "validation").permutation(len(in_order))[:num]}
    train = [group for name, group in zip(names, groups, strict=True) if name not in chosen]
    return train, [group for name, group in zip(names, groups, strict=True) if name in chosen]
