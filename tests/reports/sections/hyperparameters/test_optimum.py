"""How flat the optimum is, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.records.run_record import RunRecord
from reports.results.tabulate import tabulate_results
from reports.sections.hyperparameters.optimum import NO_NOISE_LEVEL, Plateau, measure_plateau
from tests.reports.example_studies import make_record, make_search_record
from tests.reports.sections.hyperparameters.example_searches import make_search_study, only_history

BOX = {"alpha": {"uniform": [0.0, 10.0]}, "kernel": {"choice": [1, 3, 5, 7]}}


def plateau_of(losses: dict[int, list[float]], confirmed: dict[int, list[float]]) -> Plateau:
    """alpha counts up with the trials of a fold; kernel is 1 in all but the last."""
    study = make_search_study(BOX, folds=tuple(losses))
    records: list[RunRecord] = []
    for fold, values in losses.items():
        for number, value in enumerate(values):
            drawn = {"alpha": float(number), "kernel": 7 if number == len(values) - 1 else 1}
            record = make_search_record("full", fold, number, 0.0, parameters=drawn, settings=drawn)
            records.append(replace(record, valid={"mae": value}))
    for fold, values in confirmed.items():
        records += [
            replace(make_record("full", seed, fold, 1.0), valid={"mae": value})
            for seed, value in enumerate(values, start=1)
        ]
    results = tabulate_results(study, records)
    return measure_plateau(only_history(study, records), results)


def test_trials_within_one_run_deviation_of_the_best_of_their_cell() -> None:
    # Fresh seeds: 1.0, 1.2 and 2.0, 2.2 give squares of .02 + .02 on 2 degrees: a deviation of sqrt(.02) = .1414.
    found = plateau_of({0: [1.1, 1.0, 1.14, 1.15], 1: [5.0, 5.5, 5.1]}, {0: [1.0, 1.2], 1: [2.0, 2.2]})
    assert found.run_deviation == pytest.approx(np.sqrt(0.02))
    assert (found.df, found.num_within, found.num_trials, found.num_cells) == (2, 5, 7, 2)
    alpha, kernel = found.parameters
    # Fold 0: trials 0, 1, 2 span 2 of 10; fold 1: trials 0 and 2 span 2 of 10. By chance (2/4 + 1/3) / 2.
    assert alpha.share == pytest.approx(0.2)
    assert alpha.by_chance == pytest.approx((2 / 4 + 1 / 3) / 2)
    # Fold 0: only option 1; fold 1: options 1 and 7; of four.
    assert kernel.share == pytest.approx((0.25 + 0.5) / 2)
    assert kernel.by_chance is None


def test_without_fresh_seeds_the_noise_of_a_run_is_unknown() -> None:
    assert plateau_of({0: [1.0, 1.1]}, {}).refusal == NO_NOISE_LEVEL
    assert plateau_of({0: [1.0, 1.1]}, {0: [1.0]}).refusal == NO_NOISE_LEVEL
