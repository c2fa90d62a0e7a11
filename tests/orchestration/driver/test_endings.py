"""Every way a trial can end maps to one status."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
import torch

from dmd.errors import DataError, TrainingDiverged, WorkersDisagree
from dmd.job import EpochReport, JobResult
from orchestration.driver.endings import build_record, ending_of_exception, ending_of_lost_worker, ending_of_result
from orchestration.ledger.state import ReportedEpoch
from search_spaces.terms.trial import Cell
from tests.orchestration.toy_runner import make_trial

REPORTS = (EpochReport(1, {"valid/mae": 0.9}, 2.0),)
RESULT = JobResult(False, 1, REPORTS, {"mae": 0.9}, {"mae": 1.1}, {"mae": 1.4}, None, 5, 6, 7, 8, 2.0)


@pytest.mark.parametrize(
    ("ending", "status", "error"),
    [
        (ending_of_result(RESULT), "completed", None),
        (ending_of_result(replace(RESULT, stopped=True, test=None)), "pruned", None),
        (ending_of_exception(TrainingDiverged(3, "loss")), "failed", "loss became non-finite in epoch 3"),
        (ending_of_exception(DataError("m.npz: no key 'x'")), "failed", "m.npz: no key 'x'"),
        (ending_of_exception(MemoryError()), "failed", "MemoryError: no message"),
        (ending_of_exception(SystemExit(2)), "failed", "SystemExit: 2"),
        (ending_of_lost_worker(3, "killed\n by 9"), "failed", "the worker was lost in each of 3 attempts: killed by 9"),
    ],
)
def test_statuses(ending, status, error):
    assert (ending.status, ending.error) == (status, error)


@pytest.mark.parametrize(
    ("ending", "is_lost"),
    [
        (ending_of_exception(TrainingDiverged(3, "loss")), False),
        (ending_of_exception(RuntimeError("shapes differ")), False),
        (ending_of_exception(ConnectionResetError("by peer")), True),
        (ending_of_exception(FileNotFoundError(errno.ENOENT, "no such file")), True),
        (ending_of_exception(OSError(errno.ENOMEM, "Cannot allocate memory")), False),
        (ending_of_exception(WorkersDisagree(1)), True),
        (ending_of_lost_worker(3, "MemoryError"), False),
        (ending_of_lost_worker(21, "its node went", is_lost=True), True),
    ],
)
def test_what_a_machine_lost_is_told_from_what_failed_by_itself(ending, is_lost):
    assert build_record("s", make_trial(), ending, {}, 1, "cpu").is_lost is is_lost


@pytest.mark.parametrize(
    ("error", "is_process_failure"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (ImportError("libtorch.so: failed to map segment from shared object"), True),
        (SystemError("error return without exception set"), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("shapes differ"), False),
        (OSError(errno.ENOENT, "can't allocate memory"), False),
        (TrainingDiverged(3, "loss"), False),
    ],
)
def test_what_a_process_lacks_is_told_from_errors_of_the_trial(error, is_process_failure):
    assert ending_of_exception(error).is_process_failure is is_process_failure


def test_an_unforeseen_error_says_where_it_arose():
    def divide_badly() -> None:
        _ = 1 // 0

    with pytest.raises(ZeroDivisionError) as caught:
        divide_badly()
    assert "(divide_badly, line" in (ending_of_exception(caught.value).error or "")


def test_the_record_of_a_completed_trial():
    trial = make_trial(seed=4, arm="a", cell=Cell(1, 2), parameters={"x": 0.5}, epochs=1)
    epochs = {1: ReportedEpoch(1, {"valid/mae": 0.9}, 2.0, 77)}
    record = build_record("s", trial, ending_of_result(RESULT), epochs, 2, "cpu")
    assert (record.trial_id, record.arm, record.repeat, record.fold, record.seed) == (trial.id, "a", 1, 2, 4)
    assert record.parameters == {"x": 0.5}
    assert record.settings == {"x": 0.5, "epochs": 1}
    assert (record.valid, record.test, record.fallback_test) == ({"mae": 0.9}, {"mae": 1.1}, {"mae": 1.4})
    assert (record.attempts, record.num_epochs, record.num_test, record.duration_s) == (2, 1, 8, 2.0)


def test_the_record_of_a_failed_trial_keeps_its_epochs_and_has_no_test():
    epochs = {2: ReportedEpoch(2, {"valid/mae": 0.8}, 3.0, 78), 1: ReportedEpoch(1, {"valid/mae": 0.9}, 2.0, 77)}
    record = build_record("s", make_trial(), ending_of_exception(TrainingDiverged(3, "loss")), epochs, 1, "cpu")
    assert [point.epoch for point in record.epochs] == [1, 2]
    assert (record.test, record.valid, record.best_epoch, record.duration_s) == (None, {}, None, 5.0)
