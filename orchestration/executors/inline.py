"""Trials one after the other in this process, without Ray: for tests, debuggers and very small studies."""

from __future__ import annotations

from dmd.job import EpochReport
from orchestration.driver import Driver
from orchestration.endings import Ending, ending_of_exception, ending_of_result
from orchestration.executors.protocol import RunTrial, TrialRunner
from orchestration.interruption import Interruption, StudyInterrupted
from search_spaces.trial import Trial


class _BookkeepingFailed(BaseException):
    """Carries an error of the driver through a training run, which must not take it for its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class InlineExecutor:
    """One trial at a time, in the order in which the driver gives them out."""

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        run_trial = runner.open()
        while not interruption.is_requested and (trial := driver.next_trial()) is not None:
            try:
                ending = _run_one(driver, run_trial, trial, interruption)
            except _BookkeepingFailed as failed:
                raise failed.error from None
            driver.on_end(trial, ending)
        if interruption.is_requested and not driver.has_all_given_out:
            raise StudyInterrupted
        if not driver.has_all_given_out:
            raise RuntimeError("a source gives no trial although nothing runs")


def _run_one(driver: Driver, run_trial: RunTrial, trial: Trial, interruption: Interruption) -> Ending:
    def on_epoch(report: EpochReport) -> bool:
        try:
            goes_on = driver.on_epoch(trial, report) == "continue"
        except Exception as error:
            raise _BookkeepingFailed(error) from error
        if interruption.is_requested:
            raise StudyInterrupted
        return goes_on

    try:
        return ending_of_result(run_trial(trial, on_epoch, driver.checkpoint_directory(trial)))
    except Exception as error:
        return ending_of_exception(error)
