"""What a study predicts of every item, as reports read it: a number, a class, yes-or-no answers, or several numbers.

Legend: ``n`` items, ``K`` names.

| kind | labels | kept predictions |
|---|---|---|
| ``regression`` | (n,) numbers on a scale | (n,) |
| ``classes`` | (n,) numbers of classes, 0..K-1 | (n, K) probabilities |
| ``binaries`` | (n, K), each 0 or 1 | (n, K) a probability each |
| ``several`` | (n, K) numbers on one scale | (n, K) |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

TargetKind = Literal["regression", "classes", "binaries", "several"]

KINDS: tuple[TargetKind, ...] = get_args(TargetKind)

_CONSTANT_PREDICTORS: Mapping[TargetKind, str] = {
    "regression": "training-median predictor",
    "classes": "majority predictor",
    "binaries": "majority predictor",
    "several": "training-median predictor",
}


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes:
        kind: of the labels.
        names: of the classes, of the questions or of the numbers; none for ``regression``.
    """

    kind: TargetKind = "regression"
    names: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, section: Mapping[str, Any] | None) -> Target:
        """The target that a study's ``data.target`` describes; one number where it describes none.

        Raises ValueError for what describes none that exists.
        """
        if section is None:
            return cls()
        kind, names = section.get("kind"), tuple(section.get("names") or ())
        if kind not in KINDS or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f"a target must be one of {', '.join(KINDS)} with names in text, but is {dict(section)}")
        if bool(names) == (kind == "regression") or len(set(names)) < len(names):
            raise ValueError(f"a target of {kind} cannot have the names {', '.join(names) or '(none)'}")
        return cls(kind, names)

    @property
    def description(self) -> str:
        """What is predicted, in words; empty for one number."""
        names, number = ", ".join(self.names), len(self.names)
        match self.kind:
            case "classes":
                return f"one of {number} classes ({names})"
            case "binaries":
                return f"yes or no to {number} questions ({names}); scores without a name are means over them"
            case "several":
                return f"{number} numbers ({names}); scores without a name are of the first"
        return ""

    @property
    def is_numeric(self) -> bool:
        """Whether labels are numbers on a scale."""
        return self.kind in ("regression", "several")

    @property
    def constant_predictor(self) -> str:
        """What the predictor is called that knows nothing but the labels of the training part."""
        return _CONSTANT_PREDICTORS[self.kind]

    @property
    def label_columns(self) -> tuple[int, ...]:
        """The shape of one item's label: () or (K,)."""
        return (len(self.names),) if self.kind in ("binaries", "several") else ()

    @property
    def prediction_columns(self) -> tuple[int, ...]:
        """The shape of one item's prediction: () or (K,)."""
        return () if self.kind == "regression" else (len(self.names),)


ONE_NUMBER = Target()
"""What studies predict that say nothing of it."""
