"""All private names of Optuna that this product uses.

A name that a version of Optuna does not have is a warning in the log, and the search goes on with what ``without``
says. The proposals of a search depend on these names: pyproject.toml caps Optuna below the next minor version.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from orchestration.process.private_names import PrivateName

_SINCE = "5.0"


def _name_of_tpe(name: str) -> PrivateName:
    return PrivateName(
        module="optuna.samplers",
        attribute=f"TPESampler.{name}",
        purpose="proposing without a walk over all earlier trials",
        without="proposals stay the same and take longer as a search grows",
        since=_SINCE,
    )


NUM_STARTUP = _name_of_tpe("_n_startup_trials")
NUM_CANDIDATES = _name_of_tpe("_n_ei_candidates")
RANDOM = _name_of_tpe("_rng")
ESTIMATOR = _name_of_tpe("_parzen_estimator_cls")
ESTIMATOR_PARAMETERS = _name_of_tpe("_parzen_estimator_parameters")
ACQUISITION = _name_of_tpe("_compute_acquisition_func")
COMPARE = _name_of_tpe("_compare")
OF_TPE = (NUM_STARTUP, NUM_CANDIDATES, RANDOM, ESTIMATOR, ESTIMATOR_PARAMETERS, ACQUISITION, COMPARE)
"""Names that an instance of TPESampler has."""

GET_TRIALS = PrivateName(
    module="optuna",
    attribute="Study._get_trials",
    purpose="showing stopped and failed trials to searchers that know completed trials only (gp, cmaes)",
    without="these searchers ignore stopped and failed trials",
    since=_SINCE,
)

Transform = Callable[[Sequence[FrozenTrial], Sequence[StudyDirection]], list[FrozenTrial]]


@dataclass(frozen=True)
class TPEParts:
    """The parts of a TPESampler, which together make one proposal.

    Attributes:
        num_startup: finished trials before which proposals are random.
        num_candidates: drawn for one proposal.
        random: the sampler's generator, behind Optuna's lazy wrapper.
        estimator: class of the Parzen estimators.
        estimator_parameters: their third argument.
        acquisition: (candidates, estimator of good trials, of others) -> values.
        compare: (candidates, values) -> the best candidate.
    """

    num_startup: int
    num_candidates: int
    random: Any
    estimator: Callable[..., Any]
    estimator_parameters: Any
    acquisition: Callable[..., Any]
    compare: Callable[..., Any]

    def propose(
        self, space: Mapping[str, BaseDistribution], good: Mapping[str, Any], others: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The best of new candidates.

        Args:
            space: the distribution of every parameter.
            good: for every parameter its values in the good trials, in Optuna's internal representation, (n,).
            others: the same for the other trials.
        """
        estimators = [self.estimator(dict(values), space, self.estimator_parameters) for values in (good, others)]
        candidates = estimators[0].sample(self.random.rng, self.num_candidates)
        best = self.compare(candidates, self.acquisition(candidates, *estimators))
        return {name: distribution.to_external_repr(best[name]) for name, distribution in space.items()}


def parts_of(sampler: TPESampler) -> TPEParts | None:
    """The parts of ``sampler``; None, with a warning in the log, if this version of Optuna has other ones."""
    found: list[Any] = [name.of(sampler) for name in OF_TPE]
    return None if any(part is None for part in found) else TPEParts(*found)


def study_as_seen(study: Study, transform: Transform) -> Study:
    """``study``, whose trials Optuna's samplers see as ``transform`` returns them.

    It is the study itself, with a warning in the log, if this version of Optuna reads trials in another way.
    """
    return study if GET_TRIALS.of(study) is None else cast(Study, _StudyAsSeen(study, transform))


class _StudyAsSeen:
    def __init__(self, study: Study, transform: Transform) -> None:
        self._study = study
        self._transform = transform

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = self._study._get_trials(deepcopy=deepcopy, use_cache=use_cache)
        seen = self._transform(trials, self._study.directions)
        return seen if states is None else [trial for trial in seen if trial.state in states]
