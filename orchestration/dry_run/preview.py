"""A dry run: the estimate of a planned study, with what its own earlier sessions and other studies know."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from orchestration.dry_run.capacity import ExecutorName, measure_capacity
from orchestration.dry_run.completed_work import NOTHING_REUSABLE, count_completed
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.power import detectable_differences, pooled_run_std
from orchestration.dry_run.summary import DryRun
from orchestration.extension.extend import require_continuable
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.finished_trials import read_finished
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.reuse import find_results
from orchestration.planning.prepared import Prepared


def preview(
    prepared: Prepared,
    study_directory: StudyDirectory,
    reuse: Sequence[str],
    as_json: bool,
    executor: ExecutorName = "ray",
    address: str | None = None,
    is_fresh: bool = False,
    command: str = "",
) -> str:
    """What ``--dry-run`` prints. Starts and writes nothing; a cluster at ``address`` is asked for its capacity.

    Args:
        prepared: the study.
        study_directory: where it would run.
        reuse: directories and MLflow addresses of studies whose results may be reused.
        as_json: whether to print one JSON object; else lines for a person.
        executor: where trials would run.
        address: of a running Ray cluster; None: this machine.
        is_fresh: whether an earlier study would be archived, so that nothing of it counts.
        command: that asks, as the user typed it.

    Raises:
        UsageError: where the run itself would be refused.
        LedgerError: for a ledger that cannot be read.
        ClusterUnreachable: for an address that does not answer.
        ResourcesUnavailable: where the cluster cannot hold a trial.
    """
    planned = prepared.planned
    extension, is_extended = None, False
    if is_fresh:
        study_directory.require_writable()
    else:
        extension = require_continuable(study_directory, prepared, shlex.split(command))
        known = study_directory.read_manifest()
        is_extended = extension is not None or (known is not None and bool(known.description.extensions))
    own = () if is_fresh else read_finished(study_directory.path / LEDGER_FILE).records
    completed = count_completed(planned, own, find_results(reuse, planned.contexts), is_extended)
    capacity = measure_capacity(planned.space.resources, executor, address)
    estimate = estimate_study(planned, capacity, completed)
    deviation = pooled_run_std([*own, *completed.reused], planned.space.primary_metric)
    found = DryRun(planned, estimate, detectable_differences(planned, estimate, deviation), extension)
    told = found.as_json() if as_json else found.as_text()
    is_in_vain = bool(reuse) and not (own or completed.reused)
    return f"{told}\n{NOTHING_REUSABLE}" if is_in_vain and not as_json else told
