"""Planning: a checked space and opened data become a PlannedStudy. Starts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dmd.data.dataset.dataset import Dataset
from dmd.data.inspection.cautions import find_cautions
from dmd.scoring import Scoring
from dmd.training.profile_job import JobFacts
from orchestration.executors.dmd_runner import DmdRunner, FoldPlan
from orchestration.external.predictions import ExternalRuns, read_external_runs
from orchestration.machine.gpus import device_here
from orchestration.machine.startup_time import measure_start_up
from orchestration.node_setup.fingerprint import Fingerprint
from orchestration.planning.checks.batch_sharing import find_small_batches, find_unshared_losses
from orchestration.planning.checks.distinct_arms import find_equal_arms
from orchestration.planning.checks.metrics import find_unscored
from orchestration.planning.checks.modalities import find_missing_modalities
from orchestration.planning.checks.targets import find_target_conflicts
from orchestration.planning.inspect_arms import inspect_arms
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.study_design import StudyDesign, design_study
from orchestration.planning.text_encoders import TextEncoders, find_encoders
from orchestration.process.errors import UsageError
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm, digest


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
        UsageError: with a line for everything else that does not fit: data, arms, workers, predictions of other code.
    """
    start_up = measure_start_up()
    design = design_study(space, catalogue, dataset.num_file_folds, only, arms)
    scoring = dataset.scoring(runner.folds.any)
    _refuse(_find_misfits(design, dataset, scoring))
    external = _read_external(design, dataset, runner)
    encoders = find_encoders(design.trained_arms, design.searches, catalogue, dataset=dataset, beside=runner.data_dir)
    context = _digest_context(dataset, runner, fingerprint, encoders)
    tried_on = device_here(runner.device)
    facts = inspect_arms(design, dataset, runner, context, tried_on)
    _refuse(_find_unfit_arms(design, facts))
    return PlannedStudy(
        **vars(design),
        facts=facts,
        scoring=scoring,
        cautions=(*find_cautions(dataset, runner.folds.any), *dataset.remarks),
        runner=runner,
        context=context,
        external=external,
        start_up=start_up,
        tried_on=tried_on,
        encoders=encoders,
    )


def _refuse(problems: Iterator[str]) -> None:
    """Raises UsageError with all of them at once, if there are any."""
    if lines := list(problems):
        raise UsageError("\n".join(lines))


def _find_misfits(design: StudyDesign, dataset: Dataset, scoring: Scoring) -> Iterator[str]:
    """What the data, or so many workers, do not allow."""
    arms, searches = design.trained_arms, design.searches
    yield from find_unscored(design.space, scoring, dataset.name)
    yield from find_missing_modalities(arms, searches, design.catalogue, dataset.modalities)
    yield from find_target_conflicts(arms, searches, dataset.target, dataset.name)
    yield from find_small_batches(design.space.resources.num_workers, arms, searches, design.catalogue)


def _find_unfit_arms(design: StudyDesign, facts: Mapping[str, JobFacts]) -> Iterator[str]:
    """What only the built arms show."""
    yield from find_unshared_losses(design.space.resources.num_workers, design.trained_arms, facts)
    yield from find_equal_arms(design.trained_arms, facts)


def _read_external(design: StudyDesign, dataset: Dataset, runner: DmdRunner) -> dict[str, ExternalRuns]:
    tested = {cell: dataset.ids_of_parts(runner.folds.at(cell))["test"] for cell in design.cells}
    return read_external_runs(design.space.arms.external, tested, runner.data_dir, dataset.target)


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
