"""Predictions of a study's models on new data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import open_dataset
from dmd.data.formats.planted_spec import PLANTED
from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.modalities import MODALITIES
from dmd.registry import known_methods
from dmd.training.trained_model import TrainedModel
from dmd.training.weights import TrainedWeights, decode_weights
from orchestration.finished_study.chosen import confirmed_trials, find_arm
from orchestration.finished_study.new_predictions import NewPredictions
from orchestration.finished_study.seen_clips import KnownClips, fingerprint_clips, read_clips
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from orchestration.ledger.study_directory import StudyDirectory, weights_path
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Cell


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
    models, target = _predict_each(records, artifacts, dataset, data_dir)
    found = NewPredictions(
        arm=described.name, ids=dataset.ids, splits=_split_of_rows(dataset), models=models, target=target
    )
    clips = read_clips(directory)
    cells = {_name_model(record, records): Cell(record.repeat, record.fold) for record in records}
    return found if clips is None else _compare(found, clips, dataset, cells)


def _predict_each(
    records: Sequence[RunRecord], artifacts: Path, dataset: Dataset, data_dir: Path | None
) -> tuple[dict[str, npt.NDArray[np.float32]], Target]:
    """The predictions of every model by its name, and what they are of. Raises UsageError with all reasons why the data
    do not fit."""
    problems: dict[str, None] = {}
    models: dict[str, npt.NDArray[np.float32]] = {}
    target = SENTIMENT_TARGET
    for record in records:
        weights = _read_weights(artifacts, record)
        _require_method(weights, record.arm)
        target = weights.target
        model = TrainedModel(weights, dataset, data_dir)
        problems |= dict.fromkeys(model.find_problems())
        if not problems:
            models[_name_model(record, records)] = model.predict()
    if problems:
        raise UsageError("\n".join(problems))
    return models, target


def _compare(found: NewPredictions, clips: KnownClips, dataset: Dataset, cells: Mapping[str, Cell]) -> NewPredictions:
    """Add which items each model has seen. cells: of each model."""
    if not set(cells.values()) <= set(clips.cells):
        return found
    prints = fingerprint_clips(dataset)
    is_own = np.isin(prints, clips.prints)
    # Generated data have the same ids whatever they hold.
    known_ids = frozenset[str]() if dataset.name.startswith(PLANTED) else frozenset(clips.ids)
    namesakes = sum(item in known_ids for item, own in zip(dataset.ids, is_own, strict=True) if not own)
    seen = {model: clips.seen_at(cell, prints) for model, cell in cells.items()}
    return replace(found, seen=seen, num_namesakes=namesakes)


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
