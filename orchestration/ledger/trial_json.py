"""Trials as JSON payloads, for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search_spaces.terms.trial import Cell, Trial

Json = dict[str, Any]


def trial_to_json(trial: Trial) -> Json:
    """A trial as a JSON-ready dictionary; :func:`trial_from_json` gives back an equal trial."""
    return {
        "id": trial.id,
        "arm": trial.arm,
        "model": trial.model,
        "stage": trial.stage,
        "settings": dict(trial.settings),
        "parameters": dict(trial.parameters),
        "seed": trial.seed,
        "repeat": trial.cell.repeat,
        "fold": trial.cell.fold,
        "context": trial.context,
    }


def trial_from_json(payload: Mapping[str, Any]) -> Trial:
    """The trial that ``payload`` holds. Raises KeyError where a field is missing."""
    return Trial(
        arm=payload["arm"],
        model=payload["model"],
        stage=payload["stage"],
        settings=payload["settings"],
        parameters=payload["parameters"],
        seed=payload["seed"],
        cell=Cell(payload["repeat"], payload["fold"]),
        context=payload["context"],
    )
