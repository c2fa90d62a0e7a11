"""Who writes the report of a study that has just run: this process, or one that gets ready while trials train.

To import what draws a report, and MLflow to deliver it, takes seconds in which a driver has trials to look after.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.written_report import WrittenReport
from orchestration.process import cleanup
from orchestration.process.child_module import start_module
from orchestration.process.errors import UsageError

WRITE, DELIVER = "write", "deliver"
WORKER = "orchestration.past_studies.report_worker"


class Reporter(Protocol):
    """Writes and delivers the report of one study.

    :meth:`prepare` and :meth:`begin` only save time: what they have not begun, :meth:`write` does.
    """

    def prepare(self) -> None:
        """The study will soon be complete. Calls after the first do nothing."""

    def begin(self) -> None:
        """The ledger is complete."""

    def write(self) -> WrittenReport:
        """The report, written. Raises UsageError for what the user can correct."""

    def deliver(self, report: WrittenReport) -> str | None:
        """Attach the report in MLflow; one line on why it could not be, or None."""


class ReportHere:
    """A reporter in this process: where trials ran in it too, it has imported most of what a report needs."""

    def __init__(self, directory: Path, uri: str | None) -> None:
        self._study = StudyDirectory(directory)
        self._uri = uri

    def __enter__(self) -> ReportHere:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def prepare(self) -> None:
        """Nothing to get ready."""

    def begin(self) -> None:
        """Nothing to begin."""

    def write(self) -> WrittenReport:
        from orchestration.past_studies.write_report import rebuild_report

        return rebuild_report(self._study)

    def deliver(self, report: WrittenReport) -> str | None:
        from orchestration.past_studies.write_report import deliver_report

        return deliver_report(self._study, report.answer, self._uri)


class ReportProcess:
    """A reporter that is a process; as a context it is gone at the end.

    Where the process dies, or fails at what it does not know as a refusal, this one does its work: nothing that goes
    wrong there may cost a complete study its report.

    Args:
        directory: the study's.
        uri: MLflow's tracking address; None: the store in the study's directory.
    """

    def __init__(self, directory: Path, uri: str | None) -> None:
        self._directory = directory
        self._uri = uri
        self._here = ReportHere(directory, uri)
        self._process: subprocess.Popen[bytes] | None = None
        self._has_begun = False

    def __enter__(self) -> ReportProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def prepare(self) -> None:
        """Start the process."""
        if self._process is not None:
            return
        self._process = start_module(WORKER)
        cleanup.register(self._kill)
        # Not as an argument: an address may have a password.
        self._ask(str(self._directory), self._uri)

    def begin(self) -> None:
        self.prepare()
        self._ask(WRITE)
        self._has_begun = True

    def write(self) -> WrittenReport:
        if not self._has_begun:
            self.begin()
        answer = self._answer()
        if answer is None:
            return self._here.write()
        if "refused" in answer:
            raise UsageError(answer["refused"])
        return WrittenReport(Path(answer["path"]), tuple(answer["answer"]))

    def deliver(self, report: WrittenReport) -> str | None:
        self._ask(DELIVER, list(report.answer))
        answer = self._answer()
        if answer is None:
            return self._here.deliver(report)
        said: str | None = answer["said"]
        return said

    def _ask(self, *question: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        # That it is gone shows where an answer is awaited.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{json.dumps(question)}\n".encode())

    def _answer(self) -> dict[str, Any] | None:
        """The answer to the last question; None where the process has ended."""
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def _kill(self) -> None:
        if self._process is not None:
            cleanup.unregister(self._kill)
            with self._process as process:
                process.kill()
            self._process = None
