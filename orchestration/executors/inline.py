"""Trials one after the other in this process, without Ray: for tests, debuggers and very small studies."""

from __future__ import annotations

from dmd.job import LOOPBACK, EpochReport
from orchestration.driver.driver import Driver
from orchestration.driver.endings import Ending, ending_of_lost_worker
from orchestration.executors.attempts import Attempt, AttemptLost, attempt_single_worker
from orchestration.executors.local_workers import local_peers
from orchestration.executors.multi_worker import attempt_multi_worker
from orchestration.executors.protocol import TrialRunner
from orchestration.executors.retries import MAX_RETRIES
from orchestration.process.interruption import Interruption, StudyInterrupted
from search_spaces.terms.trial import Trial


class _BookkeepingFailed(BaseException):
    """Carries an error of the driver through a training run, which must not take it for its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class InlineExecutor:
    """One trial at a time, in the order in which the driver gives them out.

    Args:
        workers: processes that train a trial together: this one, where a debugger can stop it, and processes of its
            own.
        gpus: one for each of them, as in CUDA_VISIBLE_DEVICES; empty: none is used.
    """

    def __init__(self, workers: int = 1, gpus: tuple[str, ...] = ()) -> None:
        self._workers = workers
        self._gpus = gpus

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        if driver.has_all_given_out:
            return
        run_trial = runner.open()
        with local_peers(runner, self._workers - 1, self._gpus) as peers:
            attempt = attempt_multi_worker(run_trial, peers, LOOPBACK) if peers else attempt_single_worker(run_trial)
            while not interruption.is_requested and (trial := driver.next_trial()) is not None:
                try:
                    ending = _run_one(driver, attempt, trial, interruption)
                except _BookkeepingFailed as failed:
                    raise failed.error from None
                driver.on_end(trial, ending)
        if interruption.is_requested and not driver.has_all_given_out:
            raise StudyInterrupted
        if not driver.has_all_given_out:
            raise RuntimeError("a source gives no trial although nothing runs")


def _run_one(driver: Driver, attempt: Attempt, trial: Trial, interruption: Interruption) -> Ending:
    def on_epoch(report: EpochReport) -> bool:
        try:
            goes_on = driver.on_epoch(trial, report) == "continue"
        except Exception as error:
            raise _BookkeepingFailed(error) from error
        if interruption.is_requested:
            raise StudyInterrupted
        return goes_on

    for number in range(1, MAX_RETRIES + 2):
        if number > 1:
            driver.on_attempt(trial)
        try:
            return attempt(trial, on_epoch, driver.checkpoint_directory(trial))
        except AttemptLost as lost:
            detail = str(lost)
    return ending_of_lost_worker(MAX_RETRIES + 1, detail)
