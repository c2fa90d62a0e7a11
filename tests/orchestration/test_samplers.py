"""What is done to make Optuna's searchers faster changes nothing that they propose."""

from __future__ import annotations

import optuna
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from orchestration.samplers import UniformTPESampler


def proposals(kind: type[TPESampler], num_trials: int = 40) -> list[dict[str, object]]:
    """Of a search with two trials running at a time, of which every fifth is stopped early and every seventh fails."""
    study = optuna.create_study()
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
        running.append((trial, (x - 2.0) ** 2 + depth + (kernel == "a")))
        if len(running) > 1:
            first, value = running.pop(0)
            if first.number % 7 == 6:
                study.tell(first, state=TrialState.FAIL)
            elif first.number % 5 == 4:
                first.report(value, 1)
                study.tell(first, state=TrialState.PRUNED)
            else:
                study.tell(first, value)
    return found


def test_the_faster_tpe_proposes_what_tpe_proposes() -> None:
    known = proposals(TPESampler)
    assert proposals(UniformTPESampler) == known
    assert len({str(parameters) for parameters in known[5:]}) > 20, "a model of the objective was asked"
