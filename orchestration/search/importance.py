"""The importance of hyperparameters by Optuna's evaluators, in the form that reports ask for.

The evaluators take a second to import (:mod:`orchestration.search.optuna_importance`), and a study without a search
never asks them.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.sections.hyperparameters.importance_method import ImportanceMethod, Sample
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import FloatArray


def importance_methods() -> tuple[ImportanceMethod, ...]:
    """What a report is given: one method that looks at the whole range, one that looks at the best trials."""
    return (
        ImportanceMethod(
            "fANOVA",
            "the share of the variation over the whole searched range that the parameter alone accounts for",
            "Hutter et al. 2014",
            _evaluate_fanova,
        ),
        ImportanceMethod(
            "PED-ANOVA",
            "how much the parameter decides whether a trial is among the best tenth (at least five trials)",
            "Watanabe et al. 2023",
            _evaluate_ped_anova,
            # It compares where the best trials lie with where all lie, and an adaptive searcher puts them close.
            needs_draws=True,
        ),
    )


def _evaluate_fanova(
    parameters: Sequence[SearchedParameter], units: FloatArray, samples: Sequence[Sample]
) -> FloatArray:
    from orchestration.search.optuna_importance import evaluate, make_fanova

    return evaluate(make_fanova, parameters, units, samples, handles_conditions=False)


def _evaluate_ped_anova(
    parameters: Sequence[SearchedParameter], units: FloatArray, samples: Sequence[Sample]
) -> FloatArray:
    from orchestration.search.optuna_importance import evaluate, make_ped_anova

    return evaluate(make_ped_anova, parameters, units, samples, handles_conditions=True)
