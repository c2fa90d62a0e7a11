"""Small searches with a known truth, trial by trial: what the tests of hyperparameters read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reports.records.run_record import RunRecord, Value
from reports.records.study_description import StudyDescription
from reports.sections.hyperparameters.history import SearchHistory, search_histories
from tests.reports.example_studies import make_search_record, make_study

Draw = Mapping[str, Value]

BOX: Mapping[str, Any] = {
    "alpha": {"uniform": [0.0, 1.0]},
    "gamma": {"log_uniform": [0.01, 1.0]},
    "lambda1": {"log_uniform": [0.01, 1.0]},
    "lambda2": {"log_uniform": [0.01, 1.0]},
}


def make_search_study(
    distributions: Mapping[str, Any] = BOX,
    arms: Sequence[str] = ("full",),
    folds: Sequence[int | None] = (0, 1, 2, 3, 4),
    **search: Any,
) -> StudyDescription:
    """A study that searches every arm over ``distributions`` at random; keywords change its ``search``."""
    study = make_study(arms, folds=folds, scope="per_arm")
    asked = {"searcher": "random", "scheduler": "none", "distributions": dict(distributions)}
    return replace(study, search={**study.search, **asked, **search})


def draw_uniformly(distributions: Mapping[str, Any], random: np.random.Generator) -> dict[str, Value]:
    """One proposal of random search."""
    drawn: dict[str, Value] = {}
    for name, declared in distributions.items():
        ((kind, arguments),) = declared.items()
        if kind == "choice":
            drawn[name] = arguments[int(random.integers(len(arguments)))]
        elif kind == "int":
            drawn[name] = int(random.integers(arguments[0], arguments[1] + 1))
        elif kind == "uniform":
            drawn[name] = float(random.uniform(*arguments))
        else:
            drawn[name] = float(math.exp(random.uniform(math.log(arguments[0]), math.log(arguments[1]))))
    return drawn


def make_search_records(
    study: StudyDescription,
    loss_of: Callable[[Draw], float],
    per_cell: int,
    noise: float = 0.01,
    cell_shift: Callable[[int], float] = lambda fold: 0.1 * fold,
    seed: int = 0,
    arm: str = "full",
) -> list[RunRecord]:
    """``per_cell`` random trials on every fold: the loss of the draw, the level of the fold, normal noise."""
    random = np.random.default_rng(seed)
    distributions = study.search["distributions"]
    folds = sorted({planned.fold for planned in study.planned}, key=str)
    records: list[RunRecord] = []
    for fold in folds:
        for number in range(per_cell):
            drawn = draw_uniformly(distributions, random)
            mae = loss_of(drawn) + cell_shift(fold or 0) + noise * random.standard_normal()
            record = make_search_record(arm, fold, number, 0.0, parameters=drawn, settings=drawn)
            records.append(replace(record, valid={"mae": float(mae)}, number=len(records)))
    return records


def only_history(study: StudyDescription, records: Sequence[RunRecord]) -> SearchHistory:
    """The history of the one arm that was searched."""
    (history,) = search_histories(study, records)
    return history
