"""The history of a search: an Optuna study of its trials, kept from growing without bound.

The time that TPE takes for a proposal grows with the number of trials that it looks at. Beyond ``MAX_HISTORY`` a
search drops all but its best and its latest trials; which ones it drops is a function of the order of endings, so a
search that is restored from its ledger keeps the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from orchestration.process.logs import quiet_optuna
from orchestration.search.objective import Direction
from orchestration.search.samplers import SearcherName
from search_spaces.terms.trial import Value

MAX_HISTORY = 1000
NUM_BEST = 100
_SLACK = 100
"""Trials above the bound before the surplus is dropped in one go: dropping copies the rest."""

BOUNDED_SEARCHERS = ("tpe", "gp")

Suggest = Callable[[optuna.Trial], None]
"""Asks a trial for the value of every parameter that is active in it."""


def has_bounded_history(searcher: SearcherName) -> bool:
    """Whether a searcher drops old trials: those do whose proposals get slower, unless they keep state in trials."""
    return searcher in BOUNDED_SEARCHERS


def describe_history(searcher: str, num_trials: int) -> str | None:
    """Which trials the proposals of a search use, in words; None if all of them. num_trials: its budget."""
    if searcher not in BOUNDED_SEARCHERS or num_trials <= MAX_HISTORY + _SLACK:
        return None
    kept = f"its {NUM_BEST} best and its latest trials, {MAX_HISTORY:,} in all"
    return f"{kept}, and forgot the others whenever it had {MAX_HISTORY + _SLACK:,}"


class SearchHistory:
    """The trials of one search.

    Args:
        directions: of its objectives; the first one decides which trials are the best.
        suggest: asks a trial for its parameters.
        is_bounded: whether old trials are dropped.
    """

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
        """A proposal of ``sampler`` with the values in ``fixed``; call ``keep`` or ``refuse`` with it."""
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
        """The trial was stopped early. Unknown ids are passed over.

        Args:
            trial_id: ours.
            epoch: its last one.
            value: of the one objective, reached there.
        """
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
        quiet_optuna()
        return optuna.create_study(directions=list(self._directions), sampler=RandomSampler(seed=0))

    def _note_finished(self) -> None:
        self._num_finished += 1
        if self._is_bounded and self._num_finished >= MAX_HISTORY + _SLACK:
            self._drop_old()

    def _drop_old(self) -> None:
        finished = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        ranked = sorted(range(len(finished)), key=lambda index: (self._rank(finished[index]), index))
        kept = set(ranked[:NUM_BEST])
        latest = (index for index in reversed(range(len(finished))) if index not in kept)
        kept |= {index for index, _ in zip(latest, range(MAX_HISTORY - len(kept)), strict=False)}
        running = {trial_id: dict(trial.params) for trial_id, trial in self._running.items()}
        self._study = self._new_study()
        self._study.add_trials([finished[index] for index in sorted(kept)])
        self._num_finished = len(kept)
        for trial_id, parameters in running.items():
            self.keep(trial_id, self.propose(RandomSampler(seed=0), parameters))

    def _rank(self, trial: FrozenTrial) -> float:
        """Smaller for a better first objective."""
        values = trial.values or list(trial.intermediate_values.values())[-1:]
        value = values[0] if values else math.nan
        worth = value if self._directions[0] == "minimize" else -value
        return worth if math.isfinite(worth) else math.inf
