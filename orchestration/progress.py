"""What a person sees while a study runs: a bar on a terminal, a line per ended trial elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from orchestration.events import Event
from reports.serialise import record_from_json


class ProgressView:
    """Shows the endings among the events of a ledger. ``num_trials``: how many endings the study will have at most."""

    def __init__(
        self, num_trials: int, num_ended: int, objective: str, quiet: bool, stream: TextIO = sys.stderr
    ) -> None:
        self._quiet = quiet
        self._num_trials = num_trials
        self._num_ended = num_ended
        self._objective = objective
        self._stream = stream
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if not quiet and stream.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(file=stream))
            self._task = self._bar.add_task("trials", total=num_trials, completed=num_ended)

    def __enter__(self) -> ProgressView:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Take in one new event."""
        if event.kind != "tell":
            return
        self._num_ended += 1
        if self._quiet:
            return
        record = record_from_json(event.data["record"])
        place = "" if record.fold is None else f" r{record.repeat}f{record.fold}"
        value = record.valid.get(self._objective)
        score = record.error or (f"valid/{self._objective} {value:.4f}" if value is not None else "no value")
        line = (
            f"{record.status} {record.stage} {record.arm}{place} seed {record.seed}: "
            f"{score}, {record.num_epochs} epochs, {record.duration_s:.0f} s"
        )
        if self._bar is not None and self._task is not None:
            self._bar.console.print(line, highlight=False)
            self._bar.update(self._task, completed=self._num_ended)
        else:
            elapsed = time.monotonic() - self._started
            print(f"[{self._num_ended}/{self._num_trials}, {elapsed:.0f} s] {line}", file=self._stream, flush=True)
