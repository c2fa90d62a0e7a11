"""All trials of a study: per arm and fold first the search, then the confirm trials of what it chose.

The searches (one per arm and fold) take turns, so that the cluster stays full while they end at different times.
Confirm trials follow seed by seed over all arms and folds: wherever a study is cut short, its arms have equally many
seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.search.confirm_queue import ConfirmQueue
from orchestration.search.objective import Objective
from orchestration.search.seed_budget import FixedSeeds, SeedBudget
from orchestration.search.trial_source import TrialSource
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Cell, Trial, Value


@dataclass(frozen=True)
class ArmFold:
    """What is planned for one arm on one fold.

    Attributes:
        arm: name of the arm.
        cell: the fold.
        search: its search trials; None if nothing is searched here.
        inherits_from: the arm whose search on the same fold decides for this arm too (scope ``baseline``); None if
            this arm has its own search, or none at all.
    """

    arm: str
    cell: Cell
    search: TrialSource | None = None
    inherits_from: str | None = None


MakeConfirmTrials = Callable[[str, Cell, Mapping[str, Value]], Sequence[Trial]]
"""(arm, cell, winning parameters or none) -> the confirm trials of that configuration, one per seed, in order."""


@dataclass
class _ArmFoldState:
    arm_fold: ArmFold
    running: set[str] = field(default_factory=set)
    scores: list[tuple[float, int, Mapping[str, Value]]] = field(default_factory=list)
    restored: list[Trial] = field(default_factory=list)
    confirms: ConfirmQueue | None = None

    @property
    def is_search_finished(self) -> bool:
        search = self.arm_fold.search
        return search is None or (search.is_exhausted and not self.running)


class StudySource:
    """The trials of a whole study.

    ``notes``: what a reader of the report must know about how winners were chosen.

    Args:
        arm_folds: one for each arm on each fold.
        make_confirm_trials: the confirm trials of a configuration.
        objective: what searches optimise; None if nothing is searched.
        top: configurations per search that are confirmed.
        seed_budget: how many seeds each arm runs; None: all of them.
    """

    def __init__(
        self,
        arm_folds: Sequence[ArmFold],
        make_confirm_trials: MakeConfirmTrials,
        objective: Objective | None = None,
        top: int = 1,
        seed_budget: SeedBudget | None = None,
    ) -> None:
        self._arm_folds = {(arm_fold.arm, arm_fold.cell): _ArmFoldState(arm_fold) for arm_fold in arm_folds}
        self._order = list(self._arm_folds)
        self._make_confirm_trials = make_confirm_trials
        self._objective = objective
        self._top = top
        self._seed_budget = seed_budget or FixedSeeds()
        self._turn = 0
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def ask(self) -> Trial | None:
        return self._ask_searches() or self._ask_confirms()

    def tell(self, record: RunRecord) -> None:
        state = self._arm_folds.get((record.arm, Cell(record.repeat, record.fold)))
        if state is None:
            return
        if record.stage == "confirm":
            self._seed_budget.tell(record)
            return
        if record.trial_id not in state.running:
            return
        assert state.arm_fold.search is not None
        state.running.discard(record.trial_id)
        state.arm_fold.search.tell(record)
        value = self._objective.of_record(record) if self._objective and record.status == "completed" else None
        if self._objective is not None and value is not None:
            state.scores.append((self._objective.rank(value), len(state.scores), record.parameters))

    def restore(self, trial: Trial) -> None:
        state = self._arm_folds.get((trial.arm, trial.cell))
        if state is None:
            return
        if trial.stage == "search" and state.arm_fold.search is not None:
            self._turn = self._order.index((trial.arm, trial.cell)) + 1
            state.arm_fold.search.restore(trial)
            state.running.add(trial.id)
        elif trial.stage == "confirm":
            # A search whose budget was raised since is not at its end here, as it was when this trial was given.
            state.restored.append(trial)
            if (confirms := self._confirms_of(state)) is not None:
                confirms.restore(trial)

    @property
    def is_exhausted(self) -> bool:
        return all(
            (confirms := self._confirms_of(state)) is not None and confirms.is_exhausted
            for state in self._arm_folds.values()
        )

    def _ask_searches(self) -> Trial | None:
        for step in range(len(self._order)):
            index = (self._turn + step) % len(self._order)
            state = self._arm_folds[self._order[index]]
            if state.arm_fold.search is not None and (trial := state.arm_fold.search.ask()) is not None:
                self._turn = index + 1
                state.running.add(trial.id)
                return trial
        return None

    def _ask_confirms(self) -> Trial | None:
        ready: list[tuple[int, int, ConfirmQueue]] = []
        for index, state in enumerate(self._arm_folds.values()):
            confirms = self._confirms_of(state)
            seed_index = None if confirms is None else confirms.next_seed_index
            if confirms is not None and seed_index is not None:
                ready.append((seed_index, index, confirms))
        return min(ready, key=lambda item: item[:2])[2].pop() if ready else None

    def _confirms_of(self, state: _ArmFoldState) -> ConfirmQueue | None:
        """The confirm trials of an arm on a fold; None while the search that decides about them goes on."""
        if state.confirms is None:
            arm_fold = state.arm_fold
            deciding = (
                state if arm_fold.inherits_from is None else self._arm_folds[(arm_fold.inherits_from, arm_fold.cell)]
            )
            if not deciding.is_search_finished:
                return None
            winners = self._winners_of(state, deciding)
            trials = (
                numbered
                for parameters in winners
                for numbered in enumerate(self._make_confirm_trials(arm_fold.arm, arm_fold.cell, parameters))
            )
            state.confirms = ConfirmQueue(arm_fold.arm, trials, self._seed_budget)
            for trial in state.restored:
                state.confirms.restore(trial)
        return state.confirms

    def _winners_of(self, state: _ArmFoldState, deciding: _ArmFoldState) -> list[Mapping[str, Value]]:
        """Parameters of the best completed search trials; ties go to the trial that ended first."""
        if deciding.arm_fold.search is None:
            return [{}]
        best = sorted(deciding.scores, key=lambda score: score[:2])[: self._top]
        if not best:
            self._notes.append(
                f"{state.arm_fold.arm}, {state.arm_fold.cell.label}: no search trial of {deciding.arm_fold.arm} "
                "completed; the confirm trials use the fixed settings of the arm"
            )
            return [{}]
        return [parameters for _, _, parameters in best]
