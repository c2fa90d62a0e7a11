"""What a search remembers of its trials: an Optuna study, kept from growing without bound.

The time that TPE takes for a proposal grows with the number of trials that it looks at. Beyond ``MOST_REMEMBERED`` a
search forgets all but its best and its latest trials; what is forgotten is a function of the order of endings, so a
search that is restored from its ledger remembers the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from orchestration.search.objective import Direction
from orchestration.search.samplers import SearcherName
from search_spaces.terms.trial import Value

optuna.logging.set_verbosity(optuna.logging.ERROR)

MOST_REMEMBERED = 1000
NUM_BEST = 100
_SLACK = 100
"""Trials that may be too many before they are forgotten together: forgetting copies what is kept."""

_FORGETFUL = ("tpe", "gp")

Suggest = Callable[[optuna.Trial], None]
"""Asks a trial for the value of every parameter that exists in it."""


def forgets(searcher: SearcherName) -> bool:
    """Whether a searcher forgets: those do whose proposals get slower, and that keep no state in their trials."""
    return searcher in _FORGETFUL


def describe_memory(searcher: str, num_trials: int) -> str | None:
    """What proposals of a search go by, in words; None if by all of its trials. num_trials: its budget."""
    if searcher not in _FORGETFUL or num_trials <= MOST_REMEMBERED + _SLACK:
        return None
    kept = f"its {NUM_BEST} best and its latest trials, {MOST_REMEMBERED:,} in all"
    return f"{kept}, and forgot the others whenever it had {MOST_REMEMBERED + _SLACK:,}"


class SearchMemory:
    """The trials of one search. directions: of its objectives, the first decides which trials are its best."""

    def __init__(self, directions: Sequence[Direction], suggest: Suggest, is_bounded: bool) -> None:
        self._directions = tuple(directions)
        self._suggest = suggest
        self._is_bounded = is_bounded
        self._study = self._new_study()
        self._running: dict[str, optuna.Trial] = {}
        self._num_finished = 0

    @property
    def num_finished(self) -> int:
        """Finished trials that proposals look at."""
        return self._num_finished

    def propose(self, sampler: BaseSampler, fixed: dict[str, Value] | None = None) -> optuna.Trial:
        """A proposal of ``sampler`` with the values in ``fixed``; it must be kept or refused."""
        if fixed is not None:
            self._study.enqueue_trial(dict(fixed))
        self._study.sampler = sampler
        trial = self._study.ask()
        self._suggest(trial)
        return trial

    def refuse(self, trial: optuna.Trial) -> None:
        """The proposal cannot be used."""
        self._study.tell(trial, state=TrialState.FAIL)

    def keep(self, trial_id: str, trial: optuna.Trial) -> None:
        """The proposal runs as ``trial_id``."""
        self._running[trial_id] = trial

    def complete(self, trial_id: str, values: Sequence[float]) -> None:
        """The trial has reached ``values``, one per objective. Unknown ids are passed over."""
        if (trial := self._running.pop(trial_id, None)) is not None:
            self._study.tell(trial, list(values))
            self._note_finished()

    def prune(self, trial_id: str, epoch: int, value: float) -> None:
        """The trial was stopped early, after it had reached ``value`` of the one objective."""
        if (trial := self._running.pop(trial_id, None)) is not None:
            trial.report(value, epoch)
            self._study.tell(trial, state=TrialState.PRUNED)
            self._note_finished()

    def fail(self, trial_id: str) -> None:
        """The trial failed by its configuration, or has a value that is none: worse than every trial that has one.

        Left out, as Optuna leaves out its own failed trials, it would draw the search to it: where nothing ever
        succeeds nothing would be known to be bad. As a trial that was stopped before its first epoch it ranks last.
        """
        if (trial := self._running.pop(trial_id, None)) is not None:
            self._study.tell(trial, state=TrialState.PRUNED)
            self._note_finished()

    def drop(self, trial_id: str) -> None:
        """The trial has ended, and nothing is known of its configuration."""
        if (trial := self._running.pop(trial_id, None)) is not None:
            self.refuse(trial)

    def _new_study(self) -> optuna.Study:
        return optuna.create_study(directions=list(self._directions), sampler=RandomSampler(seed=0))

    def _note_finished(self) -> None:
        self._num_finished += 1
        if self._is_bounded and self._num_finished >= MOST_REMEMBERED + _SLACK:
            self._forget()

    def _forget(self) -> None:
        finished = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        ranked = sorted(range(len(finished)), key=lambda place: (self._rank(finished[place]), place))
        kept = set(ranked[:NUM_BEST])
        latest = (place for place in reversed(range(len(finished))) if place not in kept)
        kept |= {place for place, _ in zip(latest, range(MOST_REMEMBERED - len(kept)), strict=False)}
        running = {trial_id: dict(trial.params) for trial_id, trial in self._running.items()}
        self._study = self._new_study()
        self._study.add_trials([finished[place] for place in sorted(kept)])
        self._num_finished = len(kept)
        for trial_id, parameters in running.items():
            self.keep(trial_id, self.propose(RandomSampler(seed=0), parameters))

    def _rank(self, trial: FrozenTrial) -> float:
        """Smaller for a better first objective."""
        values = trial.values or list(trial.intermediate_values.values())[-1:]
        value = values[0] if values else math.nan
        worth = value if self._directions[0] == "minimize" else -value
        return worth if math.isfinite(worth) else math.inf
