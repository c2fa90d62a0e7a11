"""Predictions of a study's models, and which of the items each model has seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.samples.target import SENTIMENT_TARGET, Target
from reports.text.rounding import count
from reports.text.spreadsheet_cell import inert_key

Values = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class NewPredictions:
    """Predictions of an arm's models, in the order of the data: in the unit of the study's labels, or probabilities.

    Attributes:
        arm: whose models.
        ids: n ids of items.
        splits: the split of each item, as the file calls it.
        models: name of a model by fold and seed -> (n,) or (n, K).
        target: what is predicted.
        seen: by model (n,), whether the item was in its training or validation part; None where that is not known.
        num_namesakes: further items that have the id of a clip of the study, with other features.
    """

    arm: str
    ids: tuple[str, ...]
    splits: tuple[str, ...]
    models: Mapping[str, npt.NDArray[np.float32]]
    target: Target = SENTIMENT_TARGET
    seen: Mapping[str, npt.NDArray[np.bool_]] | None = None
    num_namesakes: int = 0

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """(n,) or (n, K) over all models."""
        mean: npt.NDArray[np.float64] = np.mean(self._stacked, axis=0)
        return mean

    @property
    def mean_unseen(self) -> npt.NDArray[np.float64]:
        """(n,) or (n, K) over the models that had not seen an item; NaN where all had, or where that is not known."""
        values = self._stacked
        unseen = np.zeros((len(self.models), len(self.ids)), dtype=bool)
        if self.seen is not None:
            unseen = ~np.stack([self.seen[model] for model in self.models])
        weights = unseen.reshape(unseen.shape + (1,) * (values.ndim - 2)).astype(np.float64)
        with np.errstate(invalid="ignore"):
            mean: npt.NDArray[np.float64] = (values * weights).sum(axis=0) / weights.sum(axis=0)
        return mean

    @property
    def num_seen_by(self) -> npt.NDArray[np.int64] | None:
        """(n,) models that had each item in training or validation; None where that is not known."""
        if self.seen is None:
            return None
        number: npt.NDArray[np.int64] = np.sum([self.seen[model] for model in self.models], axis=0, dtype=np.int64)
        return number

    @property
    def _stacked(self) -> npt.NDArray[np.float64]:
        return np.stack([values.astype(np.float64) for values in self.models.values()])

    def columns(self) -> dict[str, Sequence[object]]:
        """A value per item: id, split, by how many models it was seen (None: not known), mean, a column per model; of K
        names each of the last two is K columns.

        Of classes there is the most probable one by the mean, too; where a model has seen an item, the mean over those
        that had not, None where all had.
        """
        number = self.num_seen_by
        columns: dict[str, Sequence[object]] = {
            "id": self.ids,
            "split": self.splits,
            "seen_by": [None] * len(self.ids) if number is None else number.tolist(),
        }
        if self.target.kind == "classes":
            columns["class"] = [self.target.names[number] for number in self.mean.argmax(axis=1)]
        predicted: dict[str, Values] = {"mean": self.mean}
        if number is not None and number.any():
            predicted["mean_unseen"] = self.mean_unseen
        for name, values in {**predicted, **self.models}.items():
            if values.ndim == 1:
                columns[name] = _finite(values)
            else:
                columns |= {f"{name}_{of}": _finite(values[:, i]) for i, of in enumerate(self.target.names)}
        return columns

    def to_csv(self) -> str:
        """The columns with a heading; texts are inert in spreadsheets."""
        columns = self.columns()
        columns |= {name: [inert_key(str(item)) for item in columns[name]] for name in ("id", "split")}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()

    def describe_seen(self) -> str:
        """In one line, how many of the items the models have seen."""
        number = self.num_seen_by
        if number is None:
            return (
                "whether these models have seen the items is not known: the study has no list of its clips that can be "
                "read; its dmd-search command once more writes one, and trains nothing again"
            )
        namesakes = (
            f"; {count(self.num_namesakes, 'further item')} with the id of a clip of the study, but other features: if "
            "it is the same clip, it is not held-out, either"
            if self.num_namesakes
            else ""
        )
        num_seen = int((number > 0).sum())
        if not num_seen:
            return f"none of the items was in training or validation of these models{namesakes}"
        everywhere = int((number == len(self.models)).sum())
        rest = "mean_unseen is the mean of the models that had not" if everywhere < num_seen else "no model had not"
        return (
            f"seen: {num_seen} of {count(len(self.ids), 'item')} in training or validation of {_range(number)} of "
            f"{count(len(self.models), 'model')}; scores of their mean are not held-out ones ({rest}){namesakes}"
        )


def _range(number: npt.NDArray[np.int64]) -> str:
    least, most = int(number[number > 0].min()), int(number.max())
    return str(most) if least == most else f"{least} to {most}"


def _finite(values: Values) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in _numbers(values)]


def _numbers(values: Values) -> Iterable[float]:
    numbers: list[float] = values.tolist()
    return numbers
