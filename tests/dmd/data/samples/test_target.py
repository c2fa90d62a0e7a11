"""What a target may be."""

from __future__ import annotations

import pytest

from dmd.data.samples.target import Target
from dmd.errors import DataError


def test_shapes_of_labels_and_predictions() -> None:
    names = ("a", "b", "c")
    shapes = {kind: (t.num_outputs, t.label_columns, t.prediction_columns) for kind, t in _targets(names).items()}
    assert shapes == {
        "regression": (1, (), ()),
        "classes": (3, (), (3,)),
        "binaries": (3, (3,), (3,)),
        "several": (3, (3,), (3,)),
    }


def _targets(names: tuple[str, ...]) -> dict[str, Target]:
    return {"regression": Target()} | {kind: Target(kind, names) for kind in ("classes", "binaries", "several")}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "names", "said"),
    [
        ("clases", ("a", "b"), "kind must be one of regression, classes, binaries, several, but is 'clases'"),
        ("classes", ("a",), "needs at least 2 names"),
        ("regression", ("a", "b"), "takes no names"),
        ("classes", ("a", "a"), "a is named twice"),
        ("classes", ("very angry", "b"), "which 'very angry' is not"),
        ("classes", tuple(f"c{i}" for i in range(101)), "at most 100 names"),
    ],
)
def test_a_target_that_breaks_a_rule_is_refused(kind: str, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Target(kind, names)  # type: ignore[arg-type]
