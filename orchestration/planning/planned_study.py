"""A study that could start now: its design, and what its data and its built arms are. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dmd.registry import find_method
from dmd.scoring import Scoring
from dmd.training.profile_job import JobFacts
from orchestration.executors.dmd_runner import DmdRunner
from orchestration.external.predictions import ExternalRuns
from orchestration.machine.startup_time import StartUp
from orchestration.planning.study_design import StudyDesign
from orchestration.planning.text_encoders import TextEncoders
from search_spaces.terms.trial import Arm, Stage, digest


@dataclass(frozen=True, kw_only=True)
class PlannedStudy(StudyDesign):
    """A design with its data, every arm of which was built and timed once.

    Attributes:
        facts: arm name -> what its model is and how fast it is here, for trained arms.
        scoring: what predictions are scored by.
        cautions: what the data keep the study from saying, in sentences.
        runner: runs a trial on a worker.
        context: digest of everything that decides a trial's result besides its settings and seed.
        external: arm name -> its predictions, for arms of other code.
        encoders: what token ids are read with; None where no arm reads them.
        start_up: seconds until workers will be ready.
        tried_on: the device that ``facts`` were measured on; trials run on another one where only the nodes of a
            cluster have it.
    """

    facts: Mapping[str, JobFacts]
    scoring: Scoring
    cautions: tuple[str, ...]
    runner: DmdRunner
    context: str
    external: Mapping[str, ExternalRuns]
    encoders: TextEncoders | None
    start_up: StartUp
    tried_on: str

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


def method_context(context: str, arm: Arm) -> str:
    """The context of the trials of ``arm`` in a study of that context."""
    if arm.is_external:
        return context
    method = find_method(arm.model)
    own = {"plugin": method.digest} if method.digest else {"revision": method.revision} if method.revision else {}
    return digest({"context": context, **own}) if own else context
