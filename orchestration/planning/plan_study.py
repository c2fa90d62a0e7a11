"""Planning: a checked space and opened data become a PlannedStudy. Starts nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import replace

from dmd.data.dataset.dataset import Dataset
from dmd.data.inspection.cautions import find_cautions
from dmd.errors import ConfigurationError
from dmd.job import Job
from dmd.plugins.load import explain
from dmd.registry import find_method
from dmd.training.profile_job import TIMED_S, JobFacts, inspect_job
from orchestration.executors.dmd_runner import DmdRunner, FoldPlan
from orchestration.external.predictions import read_external_runs
from orchestration.machine.gpus import device_here
from orchestration.machine.startup_time import measure_start_up
from orchestration.node_setup.fingerprint import Fingerprint
from orchestration.planning.arm_checks import require_distinct
from orchestration.planning.batch_sharing import require_shares, require_sharing
from orchestration.planning.metric_checks import require_scored
from orchestration.planning.modality_checks import require_modalities
from orchestration.planning.planned_study import PlannedStudy, method_context
from orchestration.planning.target_checks import require_meaning
from orchestration.planning.text_encoders import TextEncoders, find_encoders
from orchestration.process.errors import UsageError
from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.components import DesignError
from search_spaces.design.contrasts import plan_contrasts
from search_spaces.design.plan import confirm_seeds, count_trials, plan_cells
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Arm, Trial, digest

_ALL_TIMED_S = 0.6
"""Seconds of timed steps over all arms: a study of twenty arms is planned nearly as fast as one of two."""


def plan_study(
    space: SearchSpace,
    catalogue: Catalogue,
    dataset: Dataset,
    runner: DmdRunner,
    fingerprint: Fingerprint,
    only: Sequence[str] = (),
    arms: tuple[Arm, ...] = (),
) -> PlannedStudy:
    """Expand the space over the data, build every arm once, and prove that the arms differ.

    Args:
        space: the checked space.
        catalogue: the methods.
        dataset: the opened data.
        runner: runs the trials.
        fingerprint: of the software that decides numbers.
        only: names of the arms to run now; empty: all.
        arms: as planned when the space was checked; empty: they are planned here.

    Raises:
        InputError: for folds or settings that the data or a model refuse.
        SpaceErrors: for folds that the file does not have.
        UsageError: for two arms that are one, for batches or losses that several workers cannot share, for an ``only``
            that names an arm which the space does not have, for metrics that the data cannot be scored by, and for
            predictions of other code that do not fit the data.
    """
    start_up = measure_start_up()
    arms = arms or _plan_arms(space, catalogue)
    _require_known(only, arms, space)
    scoring = dataset.scoring(runner.folds.any)
    require_scored(space, scoring, dataset.name)
    planned_searches = plan_searches(space, catalogue, arms)
    searches = {search.arm: search for search in planned_searches}
    trained = [arm for arm in arms if not arm.is_external]
    require_modalities(trained, searches, catalogue, dataset.modalities)
    require_meaning(trained, searches, dataset.target, dataset.name)
    require_shares(space.resources.num_workers, trained, searches, catalogue)
    cells = plan_cells(space, dataset.num_file_folds)
    tested = {cell: dataset.ids_of_parts(runner.folds.at(cell))["test"] for cell in cells}
    external = read_external_runs(space.arms.external, tested, runner.data_dir, dataset.target)
    encoders = find_encoders(trained, searches, catalogue, dataset=dataset, beside=runner.data_dir)
    context = _digest_context(dataset, runner, fingerprint, encoders)
    facts, tried_on = {}, device_here(runner.device)
    timed_s = min(TIMED_S, _ALL_TIMED_S / max(len(trained), 1))
    for arm in trained:
        trial = Trial(
            arm=arm.name,
            model=arm.model,
            stage="search",
            settings=arm.settings,
            parameters={},
            seed=space.seed,
            cell=cells[0],
            context=method_context(context, arm),
        )
        facts[arm.name] = _inspect(arm, replace(runner.job_of(trial), device=tried_on), dataset, timed_s)
    require_sharing(space.resources.num_workers, trained, facts)
    require_distinct(trained, facts)
    return PlannedStudy(
        space=space,
        catalogue=catalogue,
        arms=arms,
        contrasts=plan_contrasts(space, arms, catalogue.methods),
        cells=cells,
        seeds=confirm_seeds(space),
        searches=searches,
        size=count_trials(space, catalogue, arms=arms, cells=cells, searches=planned_searches, only=only),
        facts=facts,
        scoring=scoring,
        cautions=(*find_cautions(dataset, runner.folds.any), *dataset.remarks),
        runner=runner,
        context=context,
        external=external,
        only=frozenset(only),
        start_up=start_up,
        tried_on=tried_on,
        encoders=encoders,
    )


def _inspect(arm: Arm, job: Job, dataset: Dataset, timed_s: float) -> JobFacts:
    """What the arm's model is and how fast. Raises InputError, also for whatever a plugin's model raises."""
    origin = find_method(arm.model).origin
    if not origin:
        return inspect_job(job, dataset, timed_s)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return inspect_job(job, dataset, timed_s)
    except (Exception, SystemExit) as error:  # it is anybody's program
        raise ConfigurationError(f"arm {arm.name!r}: {explain(error, origin)}") from error


def _plan_arms(space: SearchSpace, catalogue: Catalogue) -> tuple[Arm, ...]:
    try:
        return plan_arms(space, catalogue)
    except DesignError as error:
        # Of a folder that lacks a modality, which is known only now.
        raise UsageError(f"arms.{error.path}: {error.message}") from None


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
