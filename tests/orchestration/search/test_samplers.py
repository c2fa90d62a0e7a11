"""What is done to make Optuna's searchers faster changes nothing that they propose."""

from __future__ import annotations

import math

import optuna
import pytest
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from orchestration.search.objective import Direction
from orchestration.search.tpe import UniformTPESampler


def proposals(
    kind: type[TPESampler], directions: list[Direction], at_once: int, num_trials: int = 120
) -> list[dict[str, object]]:
    """Of a search with ``at_once`` trials running at a time, of which every third is stopped early (some of those at a
    value that is no number) and every seventh fails, by its configuration or lost. Many values are equal."""
    study = optuna.create_study(directions=directions)
    found, running = [], []
    for number in range(num_trials):
        # As a search asks: every question has a sampler of its own.
        study.sampler = kind(seed=number, multivariate=True, constant_liar=True, n_startup_trials=5)
        trial = study.ask()
        x = trial.suggest_float("x", 0.1, 10.0, log=True)
        depth = trial.suggest_int("depth", 1, 4)
        trial.suggest_categorical("only", ["one"])
        kernel = trial.suggest_categorical("kernel", ["a", "b"])
        found.append(trial.params)
        running.append((trial, round((x - 2.0) ** 2) + depth + (kernel == "a")))
        if len(running) == at_once:
            first, value = running.pop(number * 5 % at_once)
            if first.number % 7 == 6:
                study.tell(first, state=TrialState.FAIL if first.number % 2 else TrialState.PRUNED)
            elif first.number % 3 == 2 and len(directions) == 1:
                first.report(value, 1 + first.number % 4)
                if first.number % 5 == 4:
                    first.report(math.nan, 5)
                study.tell(first, state=TrialState.PRUNED)
            else:
                study.tell(first, [value] * len(directions))
    return found


@pytest.mark.parametrize("at_once", [1, 6])
@pytest.mark.parametrize("directions", [["minimize"], ["maximize"], ["minimize", "maximize"]])
def test_the_faster_tpe_proposes_what_tpe_proposes(directions: list[Direction], at_once: int) -> None:
    known = proposals(TPESampler, directions, at_once)
    assert proposals(UniformTPESampler, directions, at_once) == known
    assert len({str(parameters) for parameters in known[5:]}) > 60, "a model of the objective was asked"
