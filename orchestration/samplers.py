"""Optuna's samplers by the names of the search space, each freshly seeded for one question."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler

from search_spaces.distributions import Choice, Distribution, IntRange, LogUniform, Uniform

SearcherName = Literal["random", "tpe", "gp", "cmaes"]


def make_sampler(name: SearcherName, seed: int, num_trials: int) -> BaseSampler:
    """A sampler whose first answer depends on ``seed`` and the history it is shown, and on nothing else.

    num_trials: the budget of the search. A third of it, between 4 and 10 trials, is drawn at random before a model of
    the objective is trusted; Optuna's fixed 10 would leave nothing of a small budget.
    """
    num_startup = max(4, min(10, num_trials // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            return optuna.samplers.TPESampler(
                seed=seed,
                multivariate=True,
                constant_liar=True,
                n_startup_trials=num_startup,
            )
        if name == "gp":
            return optuna.samplers.GPSampler(seed=seed, n_startup_trials=num_startup, warn_independent_sampling=False)
        if name == "cmaes":
            return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        return optuna.samplers.RandomSampler(seed=seed)


def to_optuna(distributions: Mapping[str, Distribution]) -> dict[str, BaseDistribution]:
    """The same distributions in Optuna's words."""
    return {name: _to_optuna(distribution) for name, distribution in distributions.items()}


def _to_optuna(distribution: Distribution) -> BaseDistribution:
    match distribution:
        case LogUniform(low, high):
            return FloatDistribution(low, high, log=True)
        case Uniform(low, high):
            return FloatDistribution(low, high)
        case IntRange(low, high):
            return IntDistribution(low, high)
        case Choice(options):
            return CategoricalDistribution(options)
