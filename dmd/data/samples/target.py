"""What is predicted of every item: one number, one of several classes, several yes-or-no answers, or several numbers.

Legend: ``n`` items, ``K`` names. Labels are float32 whatever the kind, so that one array, one file and one digest serve
all of them:

| kind | labels | model output | kept predictions |
|---|---|---|---|
| ``regression`` | (n,) | (n,) | (n,), in the unit of the labels |
| ``classes`` | (n,), the number of a class in 0..K-1 | (n, K) logits | (n, K), probabilities that sum to 1 |
| ``binaries`` | (n, K), each 0 or 1 | (n, K) logits | (n, K), a probability each |
| ``several`` | (n, K), numbers on one scale; the first is the one that is scored first | (n, K) | (n, K), as labels |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from dmd.data.samples.samples import LabelScale
from dmd.errors import DataError

TargetKind = Literal["regression", "classes", "binaries", "several"]
SENTIMENT = LabelScale()
"""MOSI's and MOSEI's."""

KINDS: tuple[TargetKind, ...] = get_args(TargetKind)

MOST_NAMES = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
"""What names may be made of: they become parts of metrics' names (``f1_angry``)."""

_FEWEST = {"regression": 0, "classes": 2, "binaries": 1, "several": 2}


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        kind: of the labels.
        names: of the classes, of the yes-or-no questions or of the numbers, in the order of the labels; none for
            ``regression``.
        scale: of the labels of ``regression`` and ``several``; means nothing for the others.
    """

    kind: TargetKind = "regression"
    names: tuple[str, ...] = ()
    scale: LabelScale = SENTIMENT

    def __post_init__(self) -> None:
        """Raises DataError with every rule that is broken."""
        problems = list(find_problems(self.kind, self.names))
        if problems:
            raise DataError("data.target: " + "; ".join(problems))

    @property
    def num_outputs(self) -> int:
        """What a model gives per item: K, or 1 for ``regression``."""
        return max(1, len(self.names))

    @property
    def is_numeric(self) -> bool:
        """Whether labels are numbers on a scale."""
        return self.kind in ("regression", "several")

    @property
    def label_columns(self) -> tuple[int, ...]:
        """The shape of one item's label: () or (K,)."""
        return (len(self.names),) if self.kind in ("binaries", "several") else ()

    @property
    def prediction_columns(self) -> tuple[int, ...]:
        """The shape of one item's prediction: () or (K,)."""
        return () if self.kind == "regression" else (len(self.names),)


def find_problems(kind: str, names: tuple[str, ...]) -> Iterator[str]:
    """Which rules a declared kind and its names break, in words."""
    if kind not in KINDS:
        yield f"kind must be one of {', '.join(KINDS)}, but is {kind!r}"
        return
    if kind == "regression" and names:
        yield f"`regression` takes no names, but {', '.join(names)} are given; did you mean `several`?"
    elif len(names) < _FEWEST[kind]:
        yield f"`{kind}` needs at least {_FEWEST[kind]} names, in the order of the labels, but has {len(names)}"
    if len(names) > MOST_NAMES:
        yield f"at most {MOST_NAMES} names are read, but there are {len(names)}"
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong:
        yield f"names are made of letters, digits, _ . and -, at most 40 of them, which {wrong[0]!r} is not"
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"{', '.join(twice)} is named twice"


SENTIMENT_TARGET = Target()
"""One number on MOSI's and MOSEI's scale."""
