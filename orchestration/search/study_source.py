"""All trials of a study: per arm and cell first the search, then the confirm trials of what it chose.

The searches of the lanes (one per arm and cell) take turns, so that the cluster stays full while they end at different
times. Confirm trials follow seed by seed over all lanes: wherever a study is cut short, its arms have as many seeds as
each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.search.confirm_queue import ConfirmQueue
from orchestration.search.objective import Objective
from orchestration.search.seed_budget import EverySeed, Pace
from orchestration.search.trial_source import TrialSource
from reports.records.record import RunRecord
from search_spaces.terms.trial import Cell, Trial, Value

LaneKey = tuple[str, Cell]


@dataclass(frozen=True)
class Lane:
    """What is planned for one arm in one cell.

    search: its search trials; None if nothing is searched here. inherits_from: the arm whose search in the same cell
    decides for this arm too (scope ``baseline``); None if this arm has its own search, or none at all.
    """

    arm: str
    cell: Cell
    search: TrialSource | None = None
    inherits_from: str | None = None


MakeConfirms = Callable[[str, Cell, Mapping[str, Value]], Sequence[Trial]]
"""(arm, cell, winning parameters or none) -> the confirm trials of that configuration, one per seed, in order."""


@dataclass
class _LaneState:
    lane: Lane
    running: set[str] = field(default_factory=set)
    scores: list[tuple[float, int, Mapping[str, Value]]] = field(default_factory=list)
    confirms: ConfirmQueue | None = None

    @property
    def has_decided(self) -> bool:
        search = self.lane.search
        return search is None or (search.is_exhausted and not self.running)


class StudySource:
    """The trials of a whole study. ``notes``: what a reader of the report must know about how winners were chosen.

    top: configurations per search that are confirmed. pace: how many seeds an arm gets.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        make_confirms: MakeConfirms,
        objective: Objective | None = None,
        top: int = 1,
        pace: Pace | None = None,
    ) -> None:
        self._lanes = {(lane.arm, lane.cell): _LaneState(lane) for lane in lanes}
        self._order = list(self._lanes)
        self._make_confirms = make_confirms
        self._objective = objective
        self._top = top
        self._pace = pace or EverySeed()
        self._turn = 0
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def ask(self) -> Trial | None:
        return self._ask_searches() or self._ask_confirms()

    def tell(self, record: RunRecord) -> None:
        state = self._lanes.get((record.arm, Cell(record.repeat, record.fold)))
        if state is None:
            return
        if record.stage == "confirm":
            self._pace.tell(record)
            return
        if record.trial_id not in state.running:
            return
        assert state.lane.search is not None
        state.running.discard(record.trial_id)
        state.lane.search.tell(record)
        value = self._objective.of_record(record) if self._objective and record.status == "completed" else None
        if self._objective is not None and value is not None:
            state.scores.append((self._objective.rank(value), len(state.scores), record.parameters))

    def restore(self, trial: Trial) -> None:
        state = self._lanes.get((trial.arm, trial.cell))
        if state is None:
            return
        if trial.stage == "search" and state.lane.search is not None:
            self._turn = self._order.index((trial.arm, trial.cell)) + 1
            state.lane.search.restore(trial)
            state.running.add(trial.id)
        elif trial.stage == "confirm" and (confirms := self._confirms_of(state)) is not None:
            confirms.restore(trial)

    @property
    def is_exhausted(self) -> bool:
        return all(
            (confirms := self._confirms_of(state)) is not None and confirms.is_exhausted
            for state in self._lanes.values()
        )

    def _ask_searches(self) -> Trial | None:
        for step in range(len(self._order)):
            index = (self._turn + step) % len(self._order)
            state = self._lanes[self._order[index]]
            if state.lane.search is not None and (trial := state.lane.search.ask()) is not None:
                self._turn = index + 1
                state.running.add(trial.id)
                return trial
        return None

    def _ask_confirms(self) -> Trial | None:
        ready: list[tuple[int, int, ConfirmQueue]] = []
        for place, state in enumerate(self._lanes.values()):
            confirms = self._confirms_of(state)
            seed_index = None if confirms is None else confirms.next_seed_index
            if confirms is not None and seed_index is not None:
                ready.append((seed_index, place, confirms))
        return min(ready, key=lambda item: item[:2])[2].pop() if ready else None

    def _confirms_of(self, state: _LaneState) -> ConfirmQueue | None:
        """The confirm trials of a lane; None while the search that decides about them goes on."""
        if state.confirms is None:
            lane = state.lane
            deciding = state if lane.inherits_from is None else self._lanes[(lane.inherits_from, lane.cell)]
            if not deciding.has_decided:
                return None
            winners = self._winners_of(state, deciding)
            trials = (
                numbered
                for parameters in winners
                for numbered in enumerate(self._make_confirms(lane.arm, lane.cell, parameters))
            )
            state.confirms = ConfirmQueue(lane.arm, trials, self._pace)
        return state.confirms

    def _winners_of(self, state: _LaneState, deciding: _LaneState) -> list[Mapping[str, Value]]:
        """Parameters of the best completed search trials; ties go to the trial that ended first."""
        if deciding.lane.search is None:
            return [{}]
        best = sorted(deciding.scores, key=lambda score: score[:2])[: self._top]
        if not best:
            self._notes.append(
                f"{state.lane.arm}, {state.lane.cell.name}: no search trial of {deciding.lane.arm} completed; "
                "the confirm trials use the fixed settings of the arm"
            )
            return [{}]
        return [parameters for _, _, parameters in best]
