"""A study that could start now: arms, searches, trials, data. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dmd.registry import find_method
from dmd.scoring import Scoring, higher_is_better
from dmd.training.profile_job import JobFacts
from orchestration.executors.dmd_runner import DmdRunner
from orchestration.external.predictions import ExternalRuns
from orchestration.machine.startup_time import StartUp
from orchestration.planning.text_encoders import TextEncoders
from orchestration.search.objective import COSTS, Objective, ObjectiveOrCost
from search_spaces.design.arm_searches import ArmSearch, propose_grid
from search_spaces.design.contrasts import ContrastPair
from search_spaces.design.plan import StudySize
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm, Cell, Stage, digest


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """A study that could start now. It is the same study whatever part of it runs in this session.

    Attributes:
        space: the checked space.
        catalogue: the methods.
        arms: the baseline first.
        contrasts: pairs of arms that are compared.
        cells: the folds.
        seeds: of the confirm stage, before an arm's own offset; of a race the most that an arm may get.
        searches: arm name -> what is searched for it, and by which arm's search.
        size: numbers of trials of this session.
        facts: arm name -> what its model is and how fast it is here, for trained arms.
        scoring: what predictions are scored by.
        cautions: what the data keep the study from saying, in sentences.
        runner: runs a trial on a worker.
        context: digest of everything that decides a trial's result besides its settings and seed.
        external: arm name -> its predictions, for arms of other code.
        encoders: what token ids are read with; None where no arm reads them.
        only: names of the arms that are confirmed in this session; empty: all.
        start_up: seconds until workers will be ready.
        tried_on: the device that ``facts`` were measured on; trials run on another one where only the nodes of a
            cluster have it.
    """

    space: SearchSpace
    catalogue: Catalogue
    arms: tuple[Arm, ...]
    contrasts: tuple[ContrastPair, ...]
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    searches: Mapping[str, ArmSearch]
    size: StudySize
    facts: Mapping[str, JobFacts]
    scoring: Scoring
    cautions: tuple[str, ...]
    runner: DmdRunner
    context: str
    external: Mapping[str, ExternalRuns] = field(default_factory=dict)
    encoders: TextEncoders | None = None
    only: frozenset[str] = frozenset()
    start_up: StartUp = field(default_factory=StartUp)
    tried_on: str = "cpu"

    @property
    def plugin_methods(self) -> dict[str, str]:
        """The methods of the study's arms that the user's own files declare, with the digest of the file."""
        methods = {arm.model: find_method(arm.model) for arm in self.arms if not arm.is_external}
        return {name: method.digest for name, method in methods.items() if method.digest}

    def context_of(self, arm: Arm, stage: Stage) -> str:
        """The context of an arm's trials: for a method of a plugin the plugin's content decides, too.

        A confirm trial that is scored under missing modalities besides is another one than a trial that is not.
        """
        context = method_context(self.context, arm)
        missing = self.runner.missing if stage == "confirm" and not arm.is_external else ()
        return digest({"context": context, "missing": missing}) if missing else context

    @property
    def contexts(self) -> tuple[str, ...]:
        """Those of all arms and stages."""
        stages: tuple[Stage, ...] = ("search", "confirm")
        of_arms = (self.context_of(arm, stage) for arm in self.arms for stage in stages)
        return tuple(dict.fromkeys((self.context, *of_arms)))

    @property
    def num_trials(self) -> int:
        """Trials of this session: those that run here, and one per external run."""
        return self.size.num_trials + sum(len(runs.runs) for runs in self.external_runs.values())

    @property
    def external_runs(self) -> dict[str, ExternalRuns]:
        """The predictions of other code that are scored in this session, by arm."""
        return {arm.name: self.external[arm.name] for arm in self.running_arms if arm.is_external}

    @property
    def running_arms(self) -> tuple[Arm, ...]:
        """The arms that are confirmed in this session."""
        return tuple(arm for arm in self.arms if not self.only or arm.name in self.only)

    @property
    def searched_arms(self) -> frozenset[str]:
        """The arms whose searches run in this session: those that the running ones take their configuration from."""
        owners = {self.searches[arm.name].owner for arm in self.running_arms}
        return frozenset(owner for owner in owners if owner is not None)

    def num_searched(self, arm: str) -> int:
        """Search trials of an arm that is searched for itself, over all cells, at most."""
        search = self.space.search
        if search is None:
            return 0
        budget = search.trials
        if search.searcher == "grid":
            searched = next(one for one in self.arms if one.name == arm)
            method = self.catalogue.methods[searched.model]
            budget = len(propose_grid(method, searched, self.searches[arm], budget))
        return budget * len(self.cells)

    def is_running(self, arm: str, stage: str) -> bool:
        """Whether trials of this arm and stage belong to what runs in this session."""
        return arm in self.searched_arms if stage == "search" else not self.only or arm in self.only

    @property
    def baseline(self) -> Arm:
        return self.arms[0]

    @property
    def objective(self) -> Objective | None:
        """What searches optimise; None if nothing is searched."""
        if self.space.search is None:
            return None
        return _objective_of(self.space.objective_metric)

    @property
    def shown_objective(self) -> Objective:
        """What progress shows of a trial: the objective, or the validation counterpart of the primary metric."""
        return self.objective or _objective_of(self.space.primary_metric)

    @property
    def certain_seeds(self) -> tuple[int, ...]:
        """The confirm seeds that every arm gets, however a race goes."""
        race = self.space.confirm.race
        return self.seeds if race is None else self.seeds[: race.least]

    @property
    def secondary_objectives(self) -> tuple[ObjectiveOrCost, ...]:
        """What searches trade off against the objective."""
        names = self.space.further_objectives
        return tuple(COSTS[name] if name in COSTS else _objective_of(name.removeprefix("valid/")) for name in names)


def method_context(context: str, arm: Arm) -> str:
    """The context of the trials of ``arm`` in a study of that context."""
    if arm.is_external:
        return context
    method = find_method(arm.model)
    own = {"plugin": method.digest} if method.digest else {"revision": method.revision} if method.revision else {}
    return digest({"context": context, **own}) if own else context


def _objective_of(metric: str) -> Objective:
    return Objective(metric, "maximize" if higher_is_better(metric) else "minimize")
