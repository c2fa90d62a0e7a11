"""Every way that a trial can end, mapped to one of three statuses in this one place.

============================================  ===========
how it ended                                  status
============================================  ===========
training ran to its end                       completed
the stopping rule asked it to stop            pruned
training diverged, or raised anything else    failed
the worker died more often than is retried    failed
its process failed more often than is retried failed
============================================  ===========

An interruption of the study (Ctrl-C) is not an ending: the trial stays running in the ledger and goes on next time. A
full disk, or a node of the cluster that lacks the data or has other software, is not the fault of the trial either: it
ends the session.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from dmd.errors import DmdError, WorkersDisagree
from dmd.job import JobResult
from orchestration.ledger.state import ReportedEpoch
from orchestration.process.errors import NodeIncompatible
from orchestration.process.redaction import one_line
from reports.records.run_record import EpochPoint, Predictions, RunRecord, Status
from search_spaces.terms.trial import Trial

DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of a disk or folder that accepts no more writes."""
_SAYS_NO_MEMORY = (
    "can't allocate memory",
    "cannot allocate memory",
    "std::bad_alloc",
    "can't start new thread",
    "resource temporarily unavailable",
)


@dataclass(frozen=True)
class Ending:
    """How a trial ended.

    Attributes:
        status: one of the three of the table above.
        result: of the training; None if it failed.
        error: one line; None unless it failed.
        session_error: an error outside the trial that keeps it from going on. The session ends with it, and the trial
            goes on in the next one; None: there is none.
        is_process_failure: its process ran out of memory or could not load its modules; another process may succeed.
        is_lost: as in RunRecord.
    """

    status: Status
    result: JobResult | None = None
    error: str | None = None
    session_error: OSError | NodeIncompatible | None = None
    is_process_failure: bool = False
    is_lost: bool = False


def ending_of_result(result: JobResult) -> Ending:
    """The ending of a training run that returned."""
    return Ending("pruned" if result.stopped else "completed", result)


def ending_of_exception(error: BaseException) -> Ending:
    """The ending of a training run that raised: the message, and for errors nobody foresaw where they arose."""
    text = one_line(error) or "no message"
    if isinstance(error, NodeIncompatible) or (isinstance(error, OSError) and error.errno in DISK_ERRNOS):
        return Ending("failed", error=text, session_error=error)
    if isinstance(error, DmdError):
        return Ending("failed", error=text, is_lost=isinstance(error, WorkersDisagree))
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    what = f"{type(error).__name__}: {text}{where}"
    is_process_failure = _is_process_failure(error)
    is_lost = isinstance(error, OSError) and not is_process_failure
    return Ending("failed", error=what, is_process_failure=is_process_failure, is_lost=is_lost)


def _is_process_failure(error: BaseException) -> bool:
    """Whether memory ran out: Python's own, a device's, or the C library's, which torch says in words only.

    While modules are loaded it shows as anything: a library that is not mapped, a name that is missing in a half-loaded
    module, an error without a reason. What could not be loaded is not loaded better by the same process.
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    says_so = isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAYS_NO_MEMORY)
    # torch.OutOfMemoryError by its name: workers of other methods need not have torch in memory for it.
    is_named = type(error).__name__ == "OutOfMemoryError"
    return isinstance(error, (MemoryError, ImportError, SystemError)) or is_named or says_so


def ending_of_lost_worker(attempts: int, detail: str, is_lost: bool = False) -> Ending:
    """The ending of a trial that lost its worker in every attempt of a session.

    Args:
        attempts: how many.
        detail: what is known of the last loss.
        is_lost: whether nodes disappeared. Processes that die on a node which stays die of what they run: lack of
            memory, a crash.
    """
    text = one_line(detail, 400) or "no reason is known"
    return Ending("failed", error=f"the worker was lost in each of {attempts} attempts: {text}", is_lost=is_lost)


def build_record(
    study: str, trial: Trial, ending: Ending, epochs: Mapping[int, ReportedEpoch], attempts: int, device: str
) -> RunRecord:
    """The record of a trial that has ended.

    Args:
        study: name of the study.
        trial: what was run.
        ending: how it ended.
        epochs: epoch -> report, as the ledger has them.
        attempts: how often it was started on a worker.
        device: name for the record.
    """
    points = tuple(EpochPoint(number, epochs[number].metrics) for number in sorted(epochs))
    result = ending.result
    return RunRecord(
        study=study,
        trial_id=trial.id,
        configuration_id=trial.configuration_id,
        arm=trial.arm,
        model=trial.model,
        stage=trial.stage,
        status=ending.status,
        seed=trial.seed,
        repeat=trial.cell.repeat,
        fold=trial.cell.fold,
        parameters=dict(trial.parameters),
        settings=dict(trial.settings),
        valid=dict(result.valid) if result else {},
        test=dict(result.test) if result and result.test is not None else None,
        fallback_test=dict(result.fallback_test) if result and result.fallback_test is not None else None,
        best_epoch=result.best_epoch if result else None,
        num_epochs=len(points),
        num_parameters=result.num_parameters if result else 0,
        num_train=result.num_train if result else 0,
        num_valid=result.num_valid if result else 0,
        num_test=result.num_test if result else 0,
        duration_s=result.duration_s if result else sum(point.duration_s for point in epochs.values()),
        device=device,
        attempts=attempts,
        error=ending.error,
        epochs=points,
        predictions=_predictions_of(result),
        is_lost=ending.is_lost,
        fallback_value=result.fallback_value if result else None,
        effects=dict(result.effects) if result else {},
        test_missing={name: dict(scores) for name, scores in result.test_missing.items()} if result else {},
    )


def _predictions_of(result: JobResult | None) -> Predictions | None:
    part = result.test_predictions if result else None
    return None if part is None else Predictions(part.ids, part.groups, part.labels, part.values)
