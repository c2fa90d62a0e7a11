"""From a checked space and opened data to everything a study needs before it starts. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dmd.data.dataset import Dataset
from dmd.metrics import HIGHER_IS_BETTER
from dmd.training.pilot import JobFacts, inspect_job
from orchestration.errors import UsageError
from orchestration.external.external_runs import ExternalRuns, describe_external, read_external_runs
from orchestration.fingerprint import Fingerprint
from orchestration.local_gpus import device_here
from orchestration.objective import COSTS, Goal, Objective
from orchestration.runner import DmdRunner, FoldPlan
from orchestration.sources.listed import ListedSource
from orchestration.sources.pace import Pace
from orchestration.sources.protocol import TrialSource
from orchestration.sources.searched import SearchedSource, SearchPlan
from orchestration.sources.staged import Lane, StudySource
from orchestration.sources.stagnation import StagnationLimit
from orchestration.start_up import StartUp, measure_start_up
from orchestration.text_encoders import TextEncoders, find_encoders
from orchestration.worker_shares import require_shares, require_sharing
from search_spaces.arms import plan_arms
from search_spaces.catalogue import Catalogue
from search_spaces.contrasts import ContrastPair, plan_contrasts
from search_spaces.plan import (
    StudySize,
    confirm_seeds,
    count_trials,
    inherit,
    plan_cells,
    plan_confirm_trials,
    plan_grid_trials,
    search_seed,
)
from search_spaces.problems import suggest
from search_spaces.schema import SearchSpace
from search_spaces.searches import ArmSearch, drop_inactive, find_impossible, plan_searches, propose_grid, starts_of
from search_spaces.settings import full_settings
from search_spaces.trial import Arm, Cell, Trial, Value, digest


@dataclass(frozen=True)
class PlannedStudy:
    """A study that could start now.

    context: digest of all that decides a trial's result besides its settings and seed. searches: arm name -> what is
    searched for it, and by whom. facts: arm name -> what its model is and how fast it is here, for trained arms.
    external: arm name -> its predictions, for the others. encoders: what token ids are read with, where an arm reads
    them. only: names of the arms that are confirmed in this session; empty: all.
    The study is the same one whatever runs of it now. start_up: until workers will be ready. tried_on: the device that
    the facts are of, which is not the one of the trials where only the nodes of a cluster have it.
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
    runner: DmdRunner
    context: str
    external: Mapping[str, ExternalRuns] = field(default_factory=dict)
    encoders: TextEncoders | None = None
    only: frozenset[str] = frozenset()
    start_up: StartUp = field(default_factory=StartUp)
    tried_on: str = "cpu"

    @property
    def num_trials(self) -> int:
        """Trials of this session: those that run here, and one per given run."""
        return self.size.num_trials + sum(len(runs.runs) for runs in self.given_runs.values())

    @property
    def given_runs(self) -> dict[str, ExternalRuns]:
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
            held = next(held for held in self.arms if held.name == arm)
            budget = len(propose_grid(self.catalogue.methods[held.model], held, self.searches[arm], budget))
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
    def further_goals(self) -> tuple[Goal, ...]:
        """What searches trade off against the objective."""
        names = self.space.further_objectives
        return tuple(COSTS[name] if name in COSTS else _objective_of(name.removeprefix("valid/")) for name in names)

    def make_source(self, pace: Pace | None = None) -> StudySource:
        """All trials of the study; a fresh source, to be replayed from the ledger. pace: that of a race."""
        arms = {arm.name: arm for arm in self.running_arms}

        def make_confirms(name: str, cell: Cell, parameters: Mapping[str, Value]) -> Sequence[Trial]:
            if name not in arms:
                return ()
            arm = arms[name]
            method = self.catalogue.methods[arm.model]
            chosen = drop_inactive(method, arm, inherit(self.searches[name], parameters))
            return plan_confirm_trials(arm, [chosen], self.seeds, cell, self.context)

        with_lane = {*arms, *self.searched_arms}
        trained = [arm for arm in self.arms if not arm.is_external]
        lanes = [self._lane(arm, cell) for cell in self.cells for arm in trained if arm.name in with_lane]
        return StudySource(lanes, make_confirms, self.objective, self.space.confirm.top, pace)

    def _lane(self, arm: Arm, cell: Cell) -> Lane:
        owner = self.searches[arm.name].owner
        if owner == arm.name:
            return Lane(arm.name, cell, self._search(arm, cell))
        return Lane(arm.name, cell, inherits_from=owner)

    def _search(self, arm: Arm, cell: Cell) -> TrialSource:
        source, patience = self._whole_search(arm, cell), self.space.limits.stagnation
        if patience is None or self.objective is None:
            return source
        return StagnationLimit(source, self.objective, patience)

    def _whole_search(self, arm: Arm, cell: Cell) -> TrialSource:
        search, objective, method = self.space.search, self.objective, self.catalogue.methods[arm.model]
        assert search is not None
        assert objective is not None
        plan = self.searches[arm.name]
        if search.searcher == "grid":
            return ListedSource(plan_grid_trials(self.space, self.catalogue, arm, plan, cell, self.context))

        def make_trial(proposal: Mapping[str, Value]) -> Trial:
            # The trial remembers the whole proposal, so that a replayed searcher sees what the first one saw; only
            # what has an effect enters its settings, and with them its id.
            settings = {**arm.settings, **drop_inactive(method, arm, proposal)}
            seed = search_seed(self.space)
            return Trial(arm.name, arm.model, "search", settings, dict(proposal), seed, cell, self.context)

        return SearchedSource(
            SearchPlan(
                arm=arm.name,
                cell=cell,
                searcher=search.searcher,
                distributions=plan.parameters,
                objective=objective,
                num_trials=search.trials,
                study_seed=self.space.seed,
                make_trial=make_trial,
                find_conflict=lambda proposal: find_impossible(method, arm, proposal),
                exists=lambda name, chosen: plan.is_active(name, full_settings(method, {**arm.settings, **chosen})),
                is_conditional=bool(plan.conditions),
                further=self.further_goals,
                start=starts_of(plan, search.start),
            )
        )


def _objective_of(metric: str) -> Objective:
    return Objective(metric, "maximize" if HIGHER_IS_BETTER[metric] else "minimize")


def plan_study(
    space: SearchSpace,
    catalogue: Catalogue,
    dataset: Dataset,
    runner: DmdRunner,
    fingerprint: Fingerprint,
    only: Sequence[str] = (),
) -> PlannedStudy:
    """Expand the space over the data, build every arm once, and prove that the arms differ.

    Raises InputError for folds or settings that the data or a model refuse, SpaceErrors for folds that the file does
    not have, UsageError for two arms that are one, for batches or losses that several workers cannot share, for an
    ``only`` that names an arm which the space does not have, and for predictions of other code that do not fit the
    data.
    """
    start_up = measure_start_up()
    arms = plan_arms(space, catalogue)
    _require_known(only, arms, space)
    searches = {search.arm: search for search in plan_searches(space, catalogue, arms)}
    trained = [arm for arm in arms if not arm.is_external]
    require_shares(space.resources.num_workers, trained, searches, catalogue)
    cells = plan_cells(space, dataset.num_file_folds)
    tested = {cell: dataset.ids_of_parts(runner.folds.at(cell))["test"] for cell in cells}
    external = read_external_runs(space.arms.external, tested, runner.data_dir)
    encoders = find_encoders(trained, searches, catalogue, dataset, runner.data_dir)
    context = _digest_context(dataset, runner, fingerprint, encoders)
    facts, tried_on = {}, device_here(runner.device)
    for arm in trained:
        trial = Trial(arm.name, arm.model, "search", arm.settings, {}, space.seed, cells[0], context)
        facts[arm.name] = inspect_job(replace(runner.job_of(trial), device=tried_on), dataset)
    require_sharing(space.resources.num_workers, trained, facts)
    _require_distinct(trained, facts)
    return PlannedStudy(
        space=space,
        catalogue=catalogue,
        arms=arms,
        contrasts=plan_contrasts(space, arms),
        cells=cells,
        seeds=confirm_seeds(space),
        searches=searches,
        size=count_trials(space, catalogue, dataset.num_file_folds, only),
        facts=facts,
        runner=runner,
        context=context,
        external=external,
        only=frozenset(only),
        start_up=start_up,
        tried_on=tried_on,
        encoders=encoders,
    )


def _digest_context(
    dataset: Dataset, runner: DmdRunner, fingerprint: Fingerprint, encoders: TextEncoders | None
) -> str:
    deciding = {
        "data": dataset.content_hash,
        "folds": dict(runner.folds.as_dict()),
        "fingerprint": fingerprint.as_dict(),
    }
    return digest(deciding | ({} if encoders is None else {"encoders": encoders.as_dict()}))


def fold_plan(space: SearchSpace) -> FoldPlan:
    """How the space cuts the data."""
    folds = space.data.folds
    if folds is None:
        return FoldPlan("official")
    return FoldPlan("file") if folds.by == "file" else FoldPlan("group", folds.k, folds.repeats, folds.seed)


def describe_arm(arm: Arm, planned: PlannedStudy) -> dict[str, Any]:
    """What was found by building the arm (or by reading its predictions), and how it differs from the baseline."""
    if arm.is_external:
        return describe_external(planned.external[arm.name])
    facts, base = planned.facts[arm.name], planned.facts[planned.baseline.name]
    return {
        "num_parameters": facts.num_parameters,
        "modules": list(facts.modules),
        "loss_terms": list(facts.loss_terms),
        "inputs": list(facts.inputs),
        "differs_from_baseline": _difference(arm, facts, planned.baseline, base),
    }


def _difference(arm: Arm, facts: JobFacts, baseline: Arm, base: JobFacts) -> str:
    if arm.name == baseline.name:
        return "is the baseline"
    if arm.role == "control":
        return "is the baseline under other seeds"
    if arm.model != baseline.model:
        against = f"{facts.num_parameters} against {base.num_parameters} parameters"
        seen = "" if facts.inputs == base.inputs else f", sees {' and '.join(facts.inputs) or 'no modality'}"
        return f"another method: {against}{seen}"
    parts = [f"{facts.num_parameters - base.num_parameters:+d} parameters"]
    for what, mine, theirs in (
        ("inputs", facts.inputs, base.inputs),
        ("modules", facts.modules, base.modules),
        ("loss terms", facts.loss_terms, base.loss_terms),
    ):
        without = [name for name in theirs if name not in mine]
        extra = [name for name in mine if name not in theirs]
        parts += [f"without {what} {', '.join(without)}"] if without else []
        parts += [f"with {what} {', '.join(extra)}"] if extra else []
    return "; ".join(parts)


def _require_known(only: Sequence[str], arms: Sequence[Arm], space: SearchSpace) -> None:
    names = [arm.name for arm in arms]
    problems = [
        f"--only: study {space.study} has no arm {name!r}; {suggest(name, names)}" for name in only if name not in names
    ]
    if only and space.confirm.race is not None:
        problems.append(
            "--only: this study races its seeds, which compares the arms as it goes; "
            "give a number of seeds with --set 'confirm={seeds: 5}'"
        )
    if problems:
        raise UsageError("\n".join(problems))


def _require_distinct(arms: Sequence[Arm], facts: Mapping[str, JobFacts]) -> None:
    """Two arms that would train the same thing are one arm under two names: their contrast would be pure noise."""
    seen: dict[str, str] = {}
    for arm in arms:
        if arm.role == "control":
            continue
        found = facts[arm.name]
        key = digest([arm.model, found.num_parameters, found.modules, found.loss_terms, dict(arm.settings)])
        if key in seen:
            raise UsageError(
                f"arms {seen[key]!r} and {arm.name!r} are the same model with the same settings; remove one"
            )
        seen[key] = arm.name
