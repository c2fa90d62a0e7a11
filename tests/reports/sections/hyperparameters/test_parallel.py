"""Parallel coordinates: where a line crosses an axis, and how trials of different folds are ranked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.sections.hyperparameters.history import search_histories
from reports.sections.hyperparameters.parallel import ParallelLines, parallel_lines
from tests.reports.example_studies import make_search_record
from tests.reports.sections.hyperparameters.example_searches import make_search_study

BOX = {"gamma": {"log_uniform": [0.01, 1.0]}, "kernel": {"choice": [1, 3, 5]}}


def lines_of(trials, folds=(0,)) -> tuple[ParallelLines, ...]:
    """trials: (fold, number, loss, gamma, kernel, status)."""
    study = make_search_study(BOX, folds=folds)
    records = []
    for fold, number, loss, gamma, kernel, status in trials:
        values = {"gamma": gamma, "kernel": kernel}
        record = make_search_record("full", fold, number, loss, parameters=values, settings=values)
        lost = {"valid": {}, "error": "diverged"} if status == "failed" else {"valid": {"mae": loss}}
        records.append(replace(record, status=status, number=number, **lost))
    return parallel_lines(search_histories(study, records))


def test_a_line_crosses_each_axis_at_its_value() -> None:
    (lines,) = lines_of(
        [(0, 0, 0.5, 0.01, 1, "completed"), (0, 1, 0.6, 0.1, 3, "completed"), (0, 2, 0.7, 1.0, 5, "completed")]
    )
    assert [axis.name for axis in lines.axes] == ["gamma", "kernel"]
    np.testing.assert_allclose(lines.positions, [[0, 0], [0.5, 0.5], [1, 1]], atol=1e-12)
    assert lines.axes[0].ticks == ((0.0, "0.01"), (1.0, "1"))
    assert lines.axes[1].ticks == ((0.0, "1"), (0.5, "3"), (1.0, "5"))


def test_ranks_are_within_a_fold_best_first() -> None:
    (lines,) = lines_of(
        [
            *((0, number, loss, loss / 20, 1, "completed") for number, loss in enumerate((0.5, 0.7, 0.6))),
            *((1, number, loss, loss / 20, 1, "completed") for number, loss in enumerate((9.0, 8.0, 10.0))),
        ],
        folds=(0, 1),
    )
    assert lines.ranks.tolist() == [1.0, 0.0, 0.5, 0.5, 1.0, 0.0]
    assert lines.is_best.tolist() == [True, False, False, False, True, False]
    assert lines.num_cells == 2


def test_trials_without_a_value_have_no_line_and_pruned_ones_do() -> None:
    (lines,) = lines_of(
        [
            (0, 0, 0.5, 0.1, 1, "completed"),
            (0, 1, 0.6, 0.2, 1, "pruned"),
            (0, 2, 0.1, 0.1, 1, "failed"),
            (0, 3, 0.7, 0.1, 1, "completed"),
        ]
    )
    assert lines.ranks.tolist() == [1.0, 0.5, 0.0]
    assert (lines.num_without_value, lines.num_pruned) == (1, 1)


@pytest.mark.parametrize("num_trials", [0, 2])
def test_a_search_of_two_trials_has_no_picture(num_trials: int) -> None:
    assert lines_of([(0, number, 0.5, 0.1, 1, "completed") for number in range(num_trials)]) == ()
