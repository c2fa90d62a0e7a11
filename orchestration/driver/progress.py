"""Progress display: a live table on a terminal, lines elsewhere, nothing if quiet; on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestration.driver.tally import ArmTally, StudyTally
from orchestration.ledger.events import Event
from orchestration.ledger.trial_json import trial_from_json
from orchestration.process.redaction import one_line
from reports.records.run_record import RunRecord
from reports.text.durations import duration_text, rough_duration_text
from reports.text.rounding import compact, count
from search_spaces.terms.trial import Cell, Trial

MOST_ARMS_SHOWN = 16
_REFRESHES_PER_S = 2.0
_MANY_TRIALS = 200
_MOST_VALUES = 8
_MANY_TRIALS_PAUSE_S = 5.0
"""With more trials than that, lines come at most so often; failures always come."""


class Progress(Protocol):
    """Shows the new events of a ledger; a context manager around the session.

    ``launch`` enters it before the driver starts; the driver calls it in its own thread with every new event, after
    the event is in the ledger.
    """

    def __call__(self, event: Event) -> None:
        """Take in one new event."""
        ...

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def show_progress(study: str, tally: StudyTally, is_quiet: bool, stream: TextIO | None = None) -> Progress:
    """The progress that suits a stream.

    Args:
        study: its name.
        tally: the counts to show, kept up to date elsewhere.
        is_quiet: show nothing.
        stream: where to show it, a table on a terminal and else lines; None: stderr.
    """
    stream = stream or sys.stderr
    if is_quiet:
        return NoProgress()
    return LiveProgress(study, tally, Console(file=stream)) if stream.isatty() else LineProgress(tally, stream)


class NoProgress:
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Nothing to show."""

    def __enter__(self) -> NoProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""


class LineProgress(NoProgress):
    """A line when trials are about to start, one when the first trains, and one per trial that ends; for files and
    pipes."""

    def __init__(self, tally: StudyTally, stream: TextIO) -> None:
        self._tally = tally
        self._stream = stream
        self._printed_at: float | None = None
        self._asked: dict[str, str] = {}
        self._has_begun = False

    def __enter__(self) -> LineProgress:
        left, reused = self._tally.num_left, len(self._tally.reusable)
        taken = f", {reused} reused from other studies" if reused else ""
        if left or reused:
            self._print(f"starting: {count(left, 'trial')} to run{taken}")
        return self

    def __call__(self, event: Event) -> None:
        record = self._tally.see(event)
        if not self._has_begun:
            self._see_beginning(event)
        if record is None or not (record.status == "failed" or self._is_due()):
            return
        tally = self._tally
        counts = f"[{tally.num_ended}/{tally.num_planned}, {_time_text(tally)}]"
        self._print(f"{counts} {describe_end(record, tally)}")

    def _see_beginning(self, event: Event) -> None:
        if event.kind == "ask":
            self._asked[event.trial_id] = describe_trial(trial_from_json(event.data["trial"]))
        elif event.kind == "attempt":
            first = self._asked.get(event.trial_id)
            self._print(f"training has begun{'' if first is None else f': {first}'}")
            self._has_begun = True
            self._asked.clear()

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def _is_due(self) -> bool:
        now = self._tally.elapsed_s
        is_last = self._tally.num_ended >= self._tally.num_planned
        pause_s = _MANY_TRIALS_PAUSE_S if self._tally.num_planned > _MANY_TRIALS else 0.0
        if self._printed_at is not None and now - self._printed_at < pause_s and not is_last:
            return False
        self._printed_at = now
        return True


class LiveProgress:
    """A table of the arms that changes in place, with the latest trial below it; failures are printed above it and
    stay."""

    def __init__(self, study: str, tally: StudyTally, console: Console) -> None:
        self._study = study
        self._tally = tally
        self._console = console
        self._latest = ""
        self._live = Live(
            console=console,
            refresh_per_second=_REFRESHES_PER_S,
            get_renderable=lambda: draw_tally(study, tally, console.height, self._latest),
        )

    def __call__(self, event: Event) -> None:
        record = self._tally.see(event)
        if record is None:
            return
        if record.status == "failed":
            self._console.print(Text(describe_end(record, self._tally), style="red"))
        else:
            self._latest = describe_end(record, self._tally)

    def __enter__(self) -> LiveProgress:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def describe_end(record: RunRecord, tally: StudyTally) -> str:
    """One trial that has ended, in a line: its number, where it stands, what it reached, the best of its arm on its
    fold so far, and the values that were searched."""
    number = "" if record.number is None else f" {record.number + 1}"
    where = f"{record.stage} {record.arm}{_fold_text(Cell(record.repeat, record.fold))} seed {record.seed}"
    how = "reused" if record.reused_from is not None else duration_text(record.duration_s)
    epochs = count(record.num_epochs, "epoch")
    return (
        f"trial{number} {record.status}: {where}: {_score(record, tally)}, {epochs}, {how}"
        f"{_values_text(record.parameters)}"
    )


def describe_trial(trial: Trial) -> str:
    """A trial that starts, in a line."""
    where = f"{trial.stage} {trial.arm}{_fold_text(trial.cell)} seed {trial.seed}"
    return f"{where}{_values_text(trial.parameters)}"


def _score(record: RunRecord, tally: StudyTally) -> str:
    if record.error is not None:
        return one_line(record.error)
    value, metric = tally.objective.of_record(record), f"valid/{tally.objective.metric}"
    best = tally.arms[record.arm].best.get((record.repeat, record.fold)) if record.arm in tally.arms else None
    of = record.arm if record.fold is None else f"{record.arm} on this fold"
    known = "" if best is None else f" (best of {of} {best:.4f})"
    if value is None:
        return f"no value{known}"
    return f"{metric} {value:.4f}{f' (the best of {of} so far)' if value == best else known}"


def _fold_text(cell: Cell) -> str:
    """`` fold 2``; empty on an official split."""
    return "" if cell.fold is None else f" {cell.label}"


def _values_text(parameters: Mapping[str, object]) -> str:
    shown = [f"{name} {compact(value)}" for name, value in parameters.items()]
    more = f", {len(shown) - _MOST_VALUES} more" if len(shown) > _MOST_VALUES else ""
    return f"; {', '.join(shown[:_MOST_VALUES])}{more}" if shown else ""


def draw_tally(study: str, tally: StudyTally, height: int, latest: str = "") -> RenderableType:
    """The table of the arms under a line on the whole, above the latest trial.

    Args:
        study: its name.
        tally: the counts to show.
        height: lines that the terminal has.
        latest: the trial that ended last, in a line; empty before any.
    """
    arms = list(tally.arms.items())
    room = max(min(MOST_ARMS_SHOWN, height - 6 - bool(latest)), 1)
    shown, hidden = arms[:room], arms[room:]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("arm", no_wrap=True, max_width=40)
    mean = f", mean of {tally.num_folds} folds" if tally.num_folds > 1 else ""
    for heading in ("running", "completed", "pruned", "failed", f"best valid/{tally.objective.metric}{mean}"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, arm in shown:
        table.add_row(name, *_cells(arm, tally.num_folds))
    if hidden:
        table.add_row(f"{len(hidden)} more arms", *_cells(_sum([arm for _, arm in hidden]), tally.num_folds))
    last = [Text(latest, style="dim", no_wrap=True, overflow="ellipsis")] if latest else []
    return Group(_draw_whole(study, tally), table, *last)


def _draw_whole(study: str, tally: StudyTally) -> RenderableType:
    line = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(total=max(tally.num_planned, 1), completed=tally.num_ended, width=24)
    counts = f"{tally.num_ended} of {tally.num_planned} trials"
    line.add_row(Text(study, style="bold"), bar, Text(counts), Text(_time_text(tally)))
    return line


def _time_text(tally: StudyTally) -> str:
    """``24 s, about 2 s left``; once no trial is left, what it took."""
    is_known = tally.left_s is not None and tally.num_left > 0
    left = f", about {rough_duration_text(tally.left_s or 0.0)} left" if is_known else ""
    return f"{duration_text(tally.elapsed_s)}{left}"


def _cells(arm: ArmTally, num_folds: int) -> tuple[RenderableType, ...]:
    completed = str(arm.completed) + (f" ({arm.reused} reused)" if arm.reused else "")
    failed = Text(str(arm.failed), style="red" if arm.failed else "")
    return str(arm.running), completed, str(arm.pruned), failed, _best_cell(arm, num_folds)


def _best_cell(arm: ArmTally, num_folds: int) -> str:
    """A mean over some of the folds could not be compared with that of another arm."""
    mean = arm.best_mean(num_folds)
    if mean is not None:
        return f"{mean:.4f}"
    return f"{len(arm.best)} of {num_folds} folds" if arm.best else ""


def _sum(arms: list[ArmTally]) -> ArmTally:
    return ArmTally(
        running=sum(arm.running for arm in arms),
        completed=sum(arm.completed for arm in arms),
        pruned=sum(arm.pruned for arm in arms),
        failed=sum(arm.failed for arm in arms),
        reused=sum(arm.reused for arm in arms),
    )
