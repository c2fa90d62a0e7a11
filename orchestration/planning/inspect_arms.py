"""Every trained arm, built once and timed on the device of its trials."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace

from dmd.data.dataset.dataset import Dataset
from dmd.errors import ConfigurationError
from dmd.job import Job
from dmd.plugins.load import explain
from dmd.registry import find_method
from dmd.training.profile_job import TIMED_S, JobFacts, inspect_job
from orchestration.executors.dmd_runner import DmdRunner
from orchestration.planning.planned_study import method_context
from orchestration.planning.study_design import StudyDesign
from search_spaces.terms.trial import Arm, Trial

_ALL_TIMED_S = 0.6
"""Seconds of timed steps over all arms: a study of twenty arms is planned nearly as fast as one of two."""


def inspect_arms(
    design: StudyDesign, dataset: Dataset, runner: DmdRunner, context: str, device: str
) -> dict[str, JobFacts]:
    """Arm name -> what its model is and how fast it is here.

    Args:
        design: of the study.
        dataset: the opened data.
        runner: of the trials.
        context: of the study's trials.
        device: that the arms are built and timed on.

    Raises:
        InputError: for settings that the data or a model refuse, and for whatever a plugin's model raises.
    """
    arms = design.trained_arms
    timed_s = min(TIMED_S, _ALL_TIMED_S / max(len(arms), 1))
    return {
        arm.name: _inspect(
            arm, replace(runner.job_of(_first_trial(arm, design, context)), device=device), dataset, timed_s
        )
        for arm in arms
    }


def _first_trial(arm: Arm, design: StudyDesign, context: str) -> Trial:
    return Trial(
        arm=arm.name,
        model=arm.model,
        stage="search",
        settings=arm.settings,
        parameters={},
        seed=design.space.seed,
        cell=design.cells[0],
        context=method_context(context, arm),
    )


def _inspect(arm: Arm, job: Job, dataset: Dataset, timed_s: float) -> JobFacts:
    """What the arm's model is and how fast."""
    origin = find_method(arm.model).origin
    if not origin:
        return inspect_job(job, dataset, timed_s)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return inspect_job(job, dataset, timed_s)
    except (Exception, SystemExit) as error:  # it is anybody's program
        raise ConfigurationError(f"arm {arm.name!r}: {explain(error, origin)}") from error
