"""Optuna's samplers by the names of the search space, each freshly seeded for one question."""

from __future__ import annotations

import warnings
from typing import Literal, cast

import optuna
from optuna.samplers import BaseSampler, TPESampler

from orchestration.search.ended_trials import EndedTrialsSampler
from orchestration.search.tpe import UniformTPESampler
from search_spaces.schema.distributions import Choice, Distribution, IntRange, LogUniform, Uniform
from search_spaces.terms.trial import Value

SearcherName = Literal["random", "tpe", "gp", "cmaes"]


def make_sampler(name: SearcherName, seed: int, num_trials: int, is_conditional: bool = False) -> BaseSampler:
    """A sampler whose first answer depends on ``seed`` and the history it is shown, and on nothing else.

    Args:
        name: of the searcher.
        seed: of this one proposal.
        num_trials: the budget of the search. A third of it, between 4 and 10 trials, is drawn at random before a model
            of the objective is trusted; Optuna's fixed 10 would leave nothing of a small budget.
        is_conditional: whether some parameters are active only under values of others. TPE then models those that
            occur together; the other searchers draw a parameter that is not always active on its own.
    """
    num_startup = max(4, min(10, num_trials // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            # Trials that still run count as bad ones (the constant liar), so that workers spread out.
            kind = TPESampler if is_conditional else UniformTPESampler
            return kind(
                seed=seed,
                multivariate=True,
                group=is_conditional,
                constant_liar=True,
                n_startup_trials=num_startup,
            )
        if name == "gp":
            return EndedTrialsSampler(
                optuna.samplers.GPSampler(seed=seed, n_startup_trials=num_startup, warn_independent_sampling=False)
            )
        if name == "cmaes":
            return EndedTrialsSampler(optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False))
        return optuna.samplers.RandomSampler(seed=seed)


def suggest(trial: optuna.Trial, name: str, distribution: Distribution) -> Value:
    """The sampler's value for one parameter.

    Args:
        trial: that the value is for.
        name: of the parameter.
        distribution: of the parameter.
    """
    match distribution:
        case LogUniform(low, high):
            return trial.suggest_float(name, low, high, log=True)
        case Uniform(low, high):
            return trial.suggest_float(name, low, high)
        case IntRange(low, high):
            return trial.suggest_int(name, low, high)
        case Choice(options):
            return cast(Value, trial.suggest_categorical(name, options))
