"""Predictions of a study's models on new data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import open_dataset
from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.modalities import MODALITIES
from dmd.registry import known_methods
from dmd.training.trained_model import TrainedModel
from dmd.training.weights import TrainedWeights, decode_weights
from orchestration.finished_study.chosen import confirmed_trials, find_arm
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from orchestration.ledger.study_directory import StudyDirectory, weights_path
from orchestration.process.errors import UsageError
from reports.records.record import RunRecord
from reports.text.spreadsheet_cell import inert_key


@dataclass(frozen=True)
class NewPredictions:
    """Predictions of an arm's models, in the order of the data: in the unit of the study's labels, or probabilities.

    Attributes:
        arm: whose models.
        ids: n ids of items.
        splits: the split of each item, as the file calls it.
        models: name of a model by fold and seed -> (n,) or (n, K).
        target: what is predicted.
    """

    arm: str
    ids: tuple[str, ...]
    splits: tuple[str, ...]
    models: Mapping[str, npt.NDArray[np.float32]]
    target: Target = SENTIMENT_TARGET

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """(n,) or (n, K) over all models."""
        mean: npt.NDArray[np.float64] = np.mean([v.astype(np.float64) for v in self.models.values()], axis=0)
        return mean

    def to_csv(self) -> str:
        """A row per item: id, split, mean, and a column per model; of K names each of these is K columns.

        Of classes there is the most probable one by the mean, too.
        """
        columns: dict[str, Sequence[object]] = {
            "id": [inert_key(item) for item in self.ids],
            "split": [inert_key(split) for split in self.splits],
        }
        if self.target.kind == "classes":
            columns["class"] = [self.target.names[number] for number in self.mean.argmax(axis=1)]
        predicted: dict[str, npt.NDArray[np.floating]] = {"mean": self.mean, **self.models}
        for name, values in predicted.items():
            if values.ndim == 1:
                columns[name] = values.tolist()
            else:
                columns |= {f"{name}_{of}": values[:, i].tolist() for i, of in enumerate(self.target.names)}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()


def predict_new(directory: Path, data: str, arm: str | None = None, data_dir: Path | None = None) -> NewPredictions:
    """Predictions of all models that an arm's chosen configuration has in a study's directory.

    Args:
        directory: of the study, finished or running.
        data: a data file with or without labels, a converted folder, or the features of one video.
        arm: by name; None: the baseline.
        data_dir: second place to look for ``data`` and for a BERT; None: there is none.

    Raises:
        UsageError, DataError: with every problem.
        LedgerError: for a ledger that cannot be read.
    """
    study = read_directory(directory)
    described = find_arm(study, arm)
    records = confirmed_trials(study, described)
    if not records:
        raise UsageError(f"{study.origin}: arm {described.name}: no confirm trial has completed yet")
    artifacts = StudyDirectory(directory).artifacts
    _require_weights(study, artifacts, records)
    known = study.description.data.get("modalities")
    modalities = None if known is None else tuple(m for m in MODALITIES if m in known)
    dataset = open_dataset(data, data_dir, Declared(modalities=modalities, for_prediction=True))
    problems: dict[str, None] = {}
    models: dict[str, npt.NDArray[np.float32]] = {}
    target = SENTIMENT_TARGET
    for record in records:
        weights = _read_weights(artifacts, record)
        _require_method(weights, described.name)
        target = weights.target
        model = TrainedModel(weights, dataset, data_dir)
        problems |= dict.fromkeys(model.find_problems())
        if not problems:
            models[_name_model(record, records)] = model.predict()
    if problems:
        raise UsageError("\n".join(problems))
    return NewPredictions(described.name, dataset.ids, _split_of_rows(dataset), models, target)


def _require_weights(study: RecordedStudy, artifacts: Path, records: Sequence[RunRecord]) -> None:
    """Raise UsageError, a line per reason, where models are missing."""
    missing: dict[str, list[str]] = {}
    for record in records:
        if not weights_path(artifacts, record.trial_id).is_file():
            missing.setdefault(_why_missing(study, record), []).append(_name_model(record, records))
    if missing:
        raise UsageError(
            "\n".join(
                f"{study.origin}: arm {records[0].arm}: {len(names)} of {len(records)} models are not here "
                f"({', '.join(names[:5])}{', ...' if len(names) > 5 else ''}): {reason}"
                for reason, names in missing.items()
            )
        )


def _why_missing(study: RecordedStudy, record: RunRecord) -> str:
    if record.reused_from is not None:
        return (
            f"their results were reused from {record.reused_from}, and its weights were not at hand; predict with that "
            "study, or run this one without --reuse"
        )
    if study.manifest.space.get("confirm", {}).get("keep") == "nothing":
        return "the study has `confirm: {keep: nothing}`; run it with `keep: weights` and --fresh"
    return (
        "they were trained before weights were kept, or their files were removed; run the study again with --fresh "
        "(one without `keep: nothing`)"
    )


def _read_weights(artifacts: Path, record: RunRecord) -> TrainedWeights:
    path = weights_path(artifacts, record.trial_id)
    try:
        weights = decode_weights(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    if (weights.method, weights.seed) != (record.model, record.seed):
        raise UsageError(f"{path}: belongs to another trial ({weights.method}, seed {weights.seed}); restore the file")
    return weights


def _require_method(weights: TrainedWeights, arm: str) -> None:
    """Raise UsageError unless the file that declares the method is the one that was trained.

    A study's directory is data, and may come from other people: the copy of the file in it is never run by itself.
    """
    needed = weights.provenance.get("plugin", "")
    known = known_methods().get(weights.method)
    if not needed or (known is not None and known.digest == needed):
        return
    if known is None or not known.digest:
        raise UsageError(
            f"arm {arm}: its method {weights.method} is declared by a file of its own; name it with --plugin (the "
            f"study has a copy, plugins/{needed}-*.py; read it first, for it is run as a program)"
        )
    raise UsageError(
        f"arm {arm}: {known.origin} is not the file that was trained ({known.digest}, not {needed}); name the right "
        f"one with --plugin (the study has a copy, plugins/{needed}-*.py)"
    )


def _name_model(record: RunRecord, records: Sequence[RunRecord]) -> str:
    """``seed1``, with folds ``fold0_seed1``, with several repeats ``repeat0_fold0_seed1``."""
    parts = [] if record.fold is None else [f"fold{record.fold}"]
    if any(other.repeat for other in records):
        parts.insert(0, f"repeat{record.repeat}")
    return "_".join((*parts, f"seed{record.seed}"))


def _split_of_rows(dataset: Dataset) -> tuple[str, ...]:
    names = [""] * len(dataset)
    for split, rows in dataset.splits.items():
        for row in rows.tolist():
            names[row] = split
    return tuple(names)
