"""Records and study descriptions as JSON, for whoever stores them (the ledger, MLflow).

JSON has no NaN and no infinity. Fields that hold floats only write them as ``"nan"``, ``"inf"``, ``"-inf"``; values
that could also be text write them as ``{"$float": "nan"}``. Predictions are float32 and written with as many digits as
float32 needs. Tuples inside free-form mappings (``facts``, ``data``, ``provenance``) come back as lists.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.record import (
    ArmDescription,
    Contrast,
    EpochPoint,
    PlannedCell,
    Predictions,
    RunRecord,
    StudyDescription,
)

Json = dict[str, Any]

_METRIC_FIELDS = ("valid", "test", "fallback_test")
_VALUE_FIELDS = ("parameters", "settings")
_TAG = "$float"


def record_to_json(record: RunRecord) -> Json:
    """A record as JSON-ready dictionary; :func:`record_from_json` gives back an equal record."""
    payload: Json = {field.name: getattr(record, field.name) for field in fields(RunRecord)}
    for name in _METRIC_FIELDS:
        payload[name] = None if payload[name] is None else _floats_to_json(payload[name])
    for name in _VALUE_FIELDS:
        payload[name] = _any_to_json(payload[name])
    payload["duration_s"] = _float_to_json(record.duration_s)
    payload["epochs"] = [{"epoch": point.epoch, "metrics": _floats_to_json(point.metrics)} for point in record.epochs]
    payload["predictions"] = None if record.predictions is None else _predictions_to_json(record.predictions)
    return payload


def record_from_json(payload: Mapping[str, Any]) -> RunRecord:
    """The record that ``payload`` holds. Unknown keys are ignored; a missing one raises ValueError naming it."""
    known = _known_keys(RunRecord, payload, f"record {payload.get('trial_id', '?')}")
    for name in _METRIC_FIELDS:
        known[name] = None if known[name] is None else _floats_from_json(known[name])
    for name in _VALUE_FIELDS:
        known[name] = {key: _any_from_json(value) for key, value in known[name].items()}
    known["duration_s"] = float(known["duration_s"])
    known["epochs"] = tuple(
        EpochPoint(point["epoch"], _floats_from_json(point["metrics"])) for point in known.get("epochs", ())
    )
    stored = known.get("predictions")
    known["predictions"] = None if stored is None else _predictions_from_json(stored)
    return RunRecord(**known)


def study_to_json(study: StudyDescription) -> Json:
    """A study description as JSON-ready dictionary; :func:`study_from_json` gives back an equal description."""
    payload: Json = {field.name: _any_to_json(getattr(study, field.name)) for field in fields(StudyDescription)}
    for name, kind in (("arms", ArmDescription), ("contrasts", Contrast), ("planned", PlannedCell)):
        payload[name] = [
            {field.name: _any_to_json(getattr(item, field.name)) for field in fields(kind)}
            for item in getattr(study, name)
        ]
    return payload


def study_from_json(payload: Mapping[str, Any]) -> StudyDescription:
    """The study description that ``payload`` holds. A missing key raises ValueError naming it."""
    where = f"study {payload.get('study', '?')}"
    known = _known_keys(StudyDescription, payload, where)
    for name in ("search", "confirm", "data", "provenance", "fixed"):
        known[name] = _any_from_json(known.get(name, {}))
    for name, kind in (("arms", ArmDescription), ("contrasts", Contrast), ("planned", PlannedCell)):
        known[name] = tuple(kind(**_any_from_json(_known_keys(kind, item, f"{where}, {name}"))) for item in known[name])
    known["metrics"] = tuple(known["metrics"])
    known["methods"] = tuple(known.get("methods", ()))
    known["combinations"] = tuple(tuple(combination) for combination in known.get("combinations", ()))
    return StudyDescription(**known)


def _known_keys(kind: type[Any], payload: Mapping[str, Any], where: str) -> Json:
    """The keys of ``payload`` that ``kind`` has; missing ones are left to the defaults of ``kind`` or refused."""
    known, missing = {}, []
    for field in fields(kind):
        if field.name in payload:
            known[field.name] = payload[field.name]
        elif field.default is MISSING and field.default_factory is MISSING:
            missing.append(field.name)
    if missing:
        raise ValueError(
            f"{where}: stored JSON lacks {', '.join(missing)}; it was cut off or written by another version"
        )
    return known


def _float_to_json(value: float) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _floats_to_json(values: Mapping[str, float]) -> dict[str, float | str]:
    return {name: _float_to_json(value) for name, value in values.items()}


def _floats_from_json(values: Mapping[str, float | str]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _any_to_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_TAG: str(value)}
    if isinstance(value, Mapping):
        return {str(key): _any_to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_any_to_json(item) for item in value]
    return value


def _any_from_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {_TAG}:
            return float(value[_TAG])
        return {key: _any_from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_any_from_json(item) for item in value]
    return value


def _float32_to_json(values: npt.NDArray[np.float32]) -> list[float | str]:
    # The text of a float32 is its shortest exact form; as a Python float it prints just as short.
    return [_float_to_json(float(text)) for text in np.asarray(values, dtype=np.float32).astype(str)]


def _float32_from_json(values: Sequence[float | str]) -> npt.NDArray[np.float32]:
    return np.array([float(value) for value in values], dtype=np.float32)


def _predictions_to_json(predictions: Predictions) -> Json:
    return {
        "ids": list(predictions.ids),
        "groups": list(predictions.groups),
        "labels": _float32_to_json(predictions.labels),
        "values": _float32_to_json(predictions.values),
    }


def _predictions_from_json(payload: Mapping[str, Any]) -> Predictions:
    return Predictions(
        tuple(payload["ids"]),
        tuple(payload["groups"]),
        _float32_from_json(payload["labels"]),
        _float32_from_json(payload["values"]),
    )
