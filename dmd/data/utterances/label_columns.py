"""Several labels per item, each a key of its own where it is known what they are."""

from __future__ import annotations

from collections.abc import Iterator

from dmd.data.samples.arrays import AnyArray

MOSEI_COLUMNS = ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear")
"""CMU-MOSEI's labels in the order of the CMU-MultimodalSDK: sentiment in [-3, 3], emotions in [0, 3]."""


def label_columns(array: AnyArray) -> dict[str, AnyArray]:
    """Key -> labels.

    ``labels`` is the only column, or the sentiment of MOSEI's seven; those have a key each besides, and ``is_happy``
    and so on say whether an emotion is there at all, which is how the field makes yes-or-no answers of them.

    Args:
        array: (n, K).
    """
    if array.ndim != 2 or array.shape[1] not in (1, len(MOSEI_COLUMNS)) or array.dtype.kind not in "biuf":
        return {"labels": array}
    if array.shape[1] == 1:
        return {"labels": array[:, 0]}
    columns = {name: array[:, column] for column, name in enumerate(MOSEI_COLUMNS)}
    present = {f"is_{name}": column > 0 for name, column in columns.items() if name != "sentiment"}
    return {"labels": columns["sentiment"], **columns, **present}


def describe_columns(tables: dict[str, dict[str, AnyArray]]) -> Iterator[str]:
    """A sentence on the labels that are there besides the one that is read by default."""
    if any("sentiment" in table for table in tables.values()):
        emotions = ", ".join(MOSEI_COLUMNS[1:])
        answers = ", ".join(f"is_{name}" for name in MOSEI_COLUMNS[1:])
        yield (
            f"labels are seven numbers, of which sentiment is read; for emotions write `data.target: {{kind: several, "
            f"names: [{emotions}], key: [{emotions}]}}`, or `{{kind: binaries, names: [{emotions}], key: [{answers}]}}`"
        )
