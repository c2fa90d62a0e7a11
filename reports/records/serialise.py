"""Records and study descriptions as JSON, for whoever stores them (the ledger, MLflow).

How numbers stand there is in ``json_values.py``. Tuples inside free-form mappings (``facts``, ``data``, ``provenance``)
come back as lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from reports.records.declared import DeclaredComponent, DeclaredMethod, DeclaredTerm
from reports.records.epoch_metrics import EpochMetrics
from reports.records.extension import Extension, PlanChange
from reports.records.file_names import require_plain_name
from reports.records.json_values import (
    any_from_json,
    any_to_json,
    float32_from_json,
    float32_to_json,
    number_to_json,
    numbers_from_json,
    numbers_to_json,
)
from reports.records.run_record import EpochPoint, Predictions, RunRecord
from reports.records.stored_types import KNOWN_KEYS, NotAsWritten, require_known_keys, require_types
from reports.records.study_description import ArmDescription, Contrast, MergedPart, PlannedCell, StudyDescription
from reports.records.target import Target

Json = dict[str, Any]

_METRIC_FIELDS = ("valid", "test", "fallback_test")
_VALUE_FIELDS = ("parameters", "settings")
_PARTS_OF_STUDY: tuple[tuple[str, type[Any]], ...] = (
    ("arms", ArmDescription),
    ("contrasts", Contrast),
    ("planned", PlannedCell),
    ("parts", MergedPart),
)
LONGEST_NAME = 1000
"""Of an arm, in characters: figures draw it letter by letter."""


def record_to_json(record: RunRecord) -> Json:
    """A record as JSON-ready dictionary; :func:`record_from_json` gives back an equal record."""
    payload: Json = {field.name: getattr(record, field.name) for field in fields(RunRecord)}
    for name in _METRIC_FIELDS:
        payload[name] = None if payload[name] is None else numbers_to_json(payload[name])
    for name in _VALUE_FIELDS:
        payload[name] = any_to_json(payload[name])
    payload["effects"] = numbers_to_json(record.effects)
    payload["test_missing"] = {name: numbers_to_json(scores) for name, scores in record.test_missing.items()}
    payload["duration_s"] = number_to_json(record.duration_s)
    payload["epochs"] = [{"epoch": point.epoch, "metrics": numbers_to_json(point.metrics)} for point in record.epochs]
    payload["predictions"] = None if record.predictions is None else _predictions_to_json(record.predictions)
    return payload


def record_from_json(payload: Mapping[str, Any]) -> RunRecord:
    """The record that ``payload`` holds. Unknown keys are ignored.

    Raises NotAsWritten naming every key that is missing, or does not hold what it should.
    """
    where = f"record {_name_in(payload, 'trial_id')}"
    with _read_as_written(where):
        record = require_types(_read_record(payload, where), where)
        require_plain_name(record.trial_id, where)
        return record


def _read_record(payload: Mapping[str, Any], where: str) -> RunRecord:
    known = _known_keys(RunRecord, payload, where)
    for name in _METRIC_FIELDS:
        known[name] = None if known[name] is None else numbers_from_json(known[name])
    for name in _VALUE_FIELDS:
        known[name] = {key: any_from_json(value) for key, value in known[name].items()}
    known["effects"] = numbers_from_json(known.get("effects", {}))
    known["test_missing"] = {n: numbers_from_json(scores) for n, scores in known.get("test_missing", {}).items()}
    known["duration_s"] = float(known["duration_s"])
    curve = known.get("epochs", ())
    metrics = EpochMetrics.of_curve(numbers_from_json(point["metrics"]) for point in curve)
    known["epochs"] = tuple(map(EpochPoint, [point["epoch"] for point in curve], metrics))
    if isinstance(known.get("fallback_value"), list):
        known["fallback_value"] = tuple(known["fallback_value"])
    stored = known.get("predictions")
    known["predictions"] = None if stored is None else _predictions_from_json(stored)
    return RunRecord(**known)


def study_to_json(study: StudyDescription) -> Json:
    """A study description as JSON-ready dictionary; :func:`study_from_json` gives back an equal description."""
    payload: Json = {field.name: any_to_json(getattr(study, field.name)) for field in fields(StudyDescription)}
    for name, kind in _PARTS_OF_STUDY:
        payload[name] = [
            {field.name: any_to_json(getattr(item, field.name)) for field in fields(kind)}
            for item in getattr(study, name)
        ]
    payload["declared"] = {name: any_to_json(asdict(method)) for name, method in study.declared.items()}
    payload["extensions"] = [any_to_json(asdict(extension)) for extension in study.extensions]
    return payload


def study_from_json(payload: Mapping[str, Any]) -> StudyDescription:
    """The study description that ``payload`` holds. Raises NotAsWritten as :func:`record_from_json`."""
    where = f"study {_name_in(payload, 'study')}"
    with _read_as_written(where):
        study = require_types(_read_study(payload, where), where)
        for section in KNOWN_KEYS:
            require_known_keys(section, getattr(study, section), where)
        _require_target(study, where)
        # Reports name files by them.
        for name in (study.study, *(part.study for part in study.parts)):
            require_plain_name(name, where)
        for arm in study.arms:
            if max(len(arm.name), len(arm.label)) > LONGEST_NAME:
                raise NotAsWritten(
                    f"{where}: an arm's name has more than {LONGEST_NAME} characters; the JSON was changed"
                )
        return study


def _require_target(study: StudyDescription, where: str) -> None:
    try:
        Target.from_data(study.data.get("target"))
    except ValueError as error:
        raise NotAsWritten(f"{where}: {error}; the JSON was changed or written by another version") from error


def _read_study(payload: Mapping[str, Any], where: str) -> StudyDescription:
    known = _known_keys(StudyDescription, payload, where)
    for name in ("search", "confirm", "data", "provenance", "fixed", "scored_before", "estimate"):
        known[name] = any_from_json(known.get(name, {}))
    for name, kind in _PARTS_OF_STUDY:
        known[name] = tuple(_read_part(kind, item, f"{where}, {name}") for item in known.get(name, ()))
    known["metrics"] = tuple(known["metrics"])
    known["methods"] = tuple(known.get("methods", ()))
    known["combinations"] = tuple(tuple(combination) for combination in known.get("combinations", ()))
    known["declared"] = (
        {name: _read_method(method, f"{where}, declared {name}") for name, method in known["declared"].items()}
        if "declared" in known
        else _early_declarations()
    )
    known["extensions"] = tuple(_read_extension(item, f"{where}, extensions") for item in known.get("extensions", ()))
    return StudyDescription(**known)


def _read_method(payload: Mapping[str, Any], where: str) -> DeclaredMethod:
    known = _known_keys(DeclaredMethod, payload, where)
    known["components"] = tuple(_read_part(DeclaredComponent, item, where) for item in known.get("components", ()))
    known["losses"] = tuple(_read_term(item, where) for item in known.get("losses", ()))
    known["rows"] = tuple(tuple(row) for row in known.get("rows", ()))
    return require_types(DeclaredMethod(**known), where)


def _read_extension(payload: Mapping[str, Any], where: str) -> Extension:
    known = _known_keys(Extension, payload, where)
    for name in ("added", "notes"):
        known[name] = tuple(known.get(name, ()))
    known["estimate"] = any_from_json(known.get("estimate", {}))
    known["changes"] = tuple(_read_part(PlanChange, item, where) for item in known.get("changes", ()))
    if (before := known.get("contrasts_before")) is not None:
        known["contrasts_before"] = tuple((str(first), str(second)) for first, second in before)
    return require_types(Extension(**known), where)


def _read_term(payload: Mapping[str, Any], where: str) -> DeclaredTerm:
    known = _known_keys(DeclaredTerm, payload, where)
    known["weights"] = tuple(known.get("weights", ()))
    return require_types(DeclaredTerm(**known), where)


@cache
def _early_declarations() -> Mapping[str, DeclaredMethod]:
    """What methods declare in studies that were recorded before descriptions said so."""
    text = files("reports.records").joinpath("early_declarations.yaml").read_text("utf-8")
    return {name: _read_method(method, f"early declaration of {name}") for name, method in yaml.safe_load(text).items()}


def _read_part(kind: type[Any], payload: Mapping[str, Any], where: str) -> Any:
    return require_types(kind(**any_from_json(_known_keys(kind, payload, where))), where)


def _name_in(payload: Any, key: str) -> str:
    return str(payload.get(key, "?")) if isinstance(payload, Mapping) else "?"


@contextmanager
def _read_as_written(where: str) -> Iterator[None]:
    """Whatever a changed JSON makes of the reading, as one line."""
    try:
        yield
    except NotAsWritten:
        raise
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise NotAsWritten(f"{where}: the stored JSON is not what this version writes ({what})") from error


def _known_keys(kind: type[Any], payload: Mapping[str, Any], where: str) -> Json:
    """The keys of ``payload`` that ``kind`` has; missing ones are left to the defaults of ``kind`` or refused."""
    known, missing = {}, []
    for field in fields(kind):
        if field.name in payload:
            known[field.name] = payload[field.name]
        elif field.default is MISSING and field.default_factory is MISSING:
            missing.append(field.name)
    if missing:
        raise NotAsWritten(
            f"{where}: stored JSON lacks {', '.join(missing)}; it was cut off or written by another version"
        )
    return known


def _predictions_to_json(predictions: Predictions) -> Json:
    return {
        "ids": list(predictions.ids),
        "groups": list(predictions.groups),
        "labels": float32_to_json(predictions.labels),
        "values": float32_to_json(predictions.values),
    }


@lru_cache(maxsize=256)
def _one_of_equals(names: tuple[str, ...]) -> tuple[str, ...]:
    """All runs on a fold predict the same items: their names are kept once and not in every record."""
    return names


def _predictions_from_json(payload: Mapping[str, Any]) -> Predictions:
    found = Predictions(
        _one_of_equals(tuple(payload["ids"])),
        _one_of_equals(tuple(payload["groups"])),
        float32_from_json(payload["labels"]),
        float32_from_json(payload["values"]),
    )
    sizes = [len(column) for column in (found.ids, found.groups, found.labels, found.values)]
    if min(sizes) < 1 or len(set(sizes)) > 1:
        raise ValueError(f"predictions with {' / '.join(map(str, sizes))} ids / groups / labels / values")
    if max(found.labels.ndim, found.values.ndim) > 2 or not (found.labels.size and found.values.size):
        raise ValueError(f"labels and values of the shapes {found.labels.shape} and {found.values.shape}")
    return found
