"""From a checked space to a study with its report: the one way, for the command line and for Python.

Nothing is imported here before it is needed: the command line says what it does within a second.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.process.signals import set_stop_message

if TYPE_CHECKING:
    from orchestration.ledger.study_directory import StudyDirectory
    from orchestration.planning.load_space import LoadedSpace
    from orchestration.planning.prepared import Prepared
    from orchestration.ray_backend.early_cluster import EarlyCluster
    from orchestration.run_study import StudyOutcome

NO_REPORT = "stopped before the report was written; --report-only writes it"


@dataclass(frozen=True, kw_only=True)
class StudyRequest:
    """How a study is to be run, besides what its space says.

    Attributes:
        out: folder for study directories.
        data_dir: folder of data files.
        only: the arms that run; empty: all.
        reuse: studies whose identical trials are reused.
        fresh: whether an existing study is archived.
        tracking_uri: of MLflow; None: as the space says.
        address: of a running Ray cluster.
        executor: where trials run.
        quiet: no progress.
    """

    out: Path
    data_dir: Path | None
    only: tuple[str, ...]
    reuse: tuple[str, ...]
    fresh: bool
    tracking_uri: str | None
    address: str | None
    executor: Literal["ray", "inline"]
    quiet: bool

    def tracking_of(self, prepared: Prepared) -> str | None:
        """The address of MLflow; None for the store in the study's directory."""
        return self.tracking_uri or prepared.planned.space.tracking.uri


@dataclass(frozen=True)
class PerformedStudy:
    """A study that has run, to its end or to an interruption.

    Attributes:
        outcome: what became of its trials and of what MLflow should have.
        report: ``report.md``; None where the study was interrupted.
    """

    outcome: StudyOutcome
    report: Path | None


def prepare_study(loaded: LoadedSpace, request: StudyRequest) -> Prepared:
    """The planned study and its data, once everything that it will be run with is there.

    Raises UsageError, SpaceErrors, InputError, LedgerError for what the user can correct.
    """
    from orchestration.past_studies.reuse import require_sources
    from orchestration.planning.prepared import prepare
    from orchestration.process.temporary import place_for_sockets
    from orchestration.tracking.database import require_driver

    if request.address is None and request.executor == "ray":
        place_for_sockets()
    require_sources(request.reuse)
    require_driver(request.tracking_uri or loaded.space.tracking.uri)
    return prepare(
        loaded.space,
        request.data_dir,
        request.address,
        only=request.only,
        arms=loaded.arms,
        plugins=loaded.plugins,
    )


def perform_study(
    prepared: Prepared,
    study_directory: StudyDirectory,
    request: StudyRequest,
    *,
    command: str,
    space_text: str,
    cluster: EarlyCluster | None = None,
) -> PerformedStudy:
    """Run the study, or continue it; write its report, and attach that in MLflow.

    There is no report of a study that was interrupted: who stops thousands of trials does not wait for one.

    Args:
        prepared: the planned study and its data.
        study_directory: the study's.
        request: how to run it.
        command: that runs the same study, for the report.
        space_text: the search space as it runs, as YAML; empty: the checked one with all defaults.
        cluster: that was started for this study.

    Raises:
        UsageError, LedgerError: for what the user can correct.
    """
    from orchestration.launch import LaunchOptions, launch
    from orchestration.past_studies.reporter import ReportHere, ReportProcess

    if request.fresh and (kept := study_directory.archive()) is not None:
        print(f"the earlier study is kept in {kept}", file=sys.stderr)
    options = LaunchOptions(
        executor=request.executor,
        address=request.address,
        tracking_uri=request.tracking_uri,
        is_quiet=request.quiet,
        command=command,
        space_text=space_text,
        reuse=request.reuse,
        cluster=cluster,
    )
    make_reporter = ReportProcess if request.executor == "ray" else ReportHere
    with make_reporter(study_directory.path, request.tracking_of(prepared)) as reporter:
        outcome = launch(prepared, study_directory, options, reporter)
        set_stop_message(NO_REPORT)
        if outcome.is_interrupted:
            return PerformedStudy(outcome, None)
        report = reporter.write()
        if outcome.undelivered is None:
            outcome = replace(outcome, undelivered=reporter.deliver(report))
        return PerformedStudy(outcome, report.path)
