"""Studies as lines for a person and as JSON for programs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from orchestration.ledger.best_so_far import BestSoFar, BestTrial
from orchestration.ledger.study_status import StudyStatus
from orchestration.tracking.run_list import RunList
from reports.text.durations import duration_text, rough_duration_text
from reports.text.rounding import compact
from search_spaces.terms.trial import Cell

_MOST_AGO_MS = 86_400_000
_MOST_FOLDS = 10
_HEADINGS = ("study", "state", "trials", "last event", "answer, or best so far")


def study_table(studies: Sequence[StudyStatus], now_ms: int, width: int | None) -> list[str]:
    """A line per study under one of headings. width: of the terminal, where lines are cut; None: they are whole."""
    rows = [_HEADINGS, *(_row(study, now_ms) for study in studies)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [line if width is None or len(line) <= width else f"{line[: width - 3]}..." for line in lines]


def status_lines(study: StudyStatus, now_ms: int) -> list[str]:
    """All that is known of how far a study is."""
    progress = study.progress
    counts = ", ".join(f"{number} {status}" for status, number in progress.ended.items())
    lines = [f"{study.name}: {_state(study)}", f"trials: {_trials(study)} ended ({counts}){_rest(study)}"]
    if study.best is not None:
        lines += _best_lines(study.best)
    left_s = study.left_s(now_ms)
    if study.state != "done" and left_s is not None:
        when = "" if study.state == "running" else " once it goes on"
        lines.append(f"time left: about {rough_duration_text(left_s)}{when}, at the pace of its latest session")
    lines.append(f"last event: {_when(progress.last_ms, now_ms)}")
    if progress.limit is not None:
        lines.append(f"limit: {progress.limit}; raise it under `limits` and run the same command to continue")
    if progress.problem is not None:
        lines.append(f"problem: {progress.problem}")
    if study.report is not None:
        lines.append(f"report: {study.report}{'' if study.is_reported else ' (of fewer trials than have ended)'}")
    return [*lines, *(f"  {_plain(sentence)}" for sentence in study.answer)]


def headline(answer: Sequence[str]) -> str:
    """What the report prints in bold of its answer, else its first sentence; empty without one."""
    bold = next((sentence.split("**")[1] for sentence in answer if sentence.startswith("**")), "")
    return bold or next(iter(answer), "")


def _plain(sentence: str) -> str:
    return sentence.replace("**", "")


def place_lines(study: StudyStatus, runs: RunList | None) -> list[str]:
    """Where the report lies, and how to open the list of runs."""
    if study.report is None:
        again = "dmd-search --space ... --report-only writes one from the results so far"
        lines = [f"report: none yet; {again}"]
    else:
        page = study.report.with_suffix(".html")
        lines = [f"report: {page if page.is_file() else study.report}"]
    if runs is None:
        return [*lines, "MLflow: nothing is tracked yet"]
    if runs.command is not None:
        lines.append(f"start MLflow: {runs.command}")
    return [*lines, f"its runs: {runs.address}"]


def as_dict(study: StudyStatus, now_ms: int) -> dict[str, Any]:
    """The study for programs."""
    best, progress = study.best, study.progress
    return {
        "study": study.name,
        "directory": str(study.directory),
        "state": study.state,
        "pid": study.pid,
        "host": study.host,
        "trials": {
            "planned": study.num_planned,
            "ended": progress.num_ended,
            **progress.ended,
            "open": len(progress.running),
        },
        "best": None if best is None else _best_as_dict(best),
        "left_s": study.left_s(now_ms),
        "last_event": None if progress.last_ms is None else _moment(progress.last_ms).isoformat(timespec="seconds"),
        "limit": progress.limit,
        "problem": progress.problem,
        "answer": list(study.answer),
        "report": None if study.report is None else str(study.report),
    }


def places_as_dict(study: StudyStatus, runs: RunList | None) -> dict[str, Any]:
    """What :func:`place_lines` says, for programs."""
    return {
        "study": study.name,
        "report": None if study.report is None else str(study.report),
        "mlflow": None if runs is None else {"command": runs.command, "address": runs.address},
    }


def _row(study: StudyStatus, now_ms: int) -> tuple[str, ...]:
    said = study.progress.problem or headline(study.answer)
    if not said and study.best is not None:
        said = f"{_score(study.best)} ({study.best.arm}{_mean_of(study.best)})"
    return study.name, _state(study), _trials(study), _when(study.progress.last_ms, now_ms), said


def _state(study: StudyStatus) -> str:
    failed = study.progress.ended["failed"]
    text: str = study.state if not failed else f"{study.state}, {failed} failed"
    if study.state == "running":
        host = f" on {study.host}" if study.host else ""
        text += f" (process {study.pid}{host})"
    return text


def _trials(study: StudyStatus) -> str:
    ended = study.progress.num_ended
    return str(ended) if study.num_planned is None else f"{ended} of {study.num_planned}"


def _rest(study: StudyStatus) -> str:
    if study.state == "done":
        return ""
    begun = len(study.progress.running)
    text = f", {begun} {'running' if study.state == 'running' else 'begun'}" if begun else ""
    if study.num_planned is None:
        return text
    return f"{text}, at most {study.num_planned - study.progress.num_ended - begun} more"


def _best_lines(best: BestSoFar) -> list[str]:
    """The best arm; with folds, the best trial of each, as long as that is a list to read."""
    if len(best.trials) == 1:
        (trial,) = best.trials
        where = f"{trial.stage} {trial.arm}{_fold(trial)} seed {trial.seed}{_values(trial)}"
        return [f"best so far: {_score(best)} ({where})"]
    number = len(best.trials)
    lines = [f"best so far: {best.arm}, {_score(best)} (the mean of its best trial on each of {number} folds)"]
    if number > _MOST_FOLDS:
        return lines
    return lines + [f" {_fold(t)}: {t.value:.4f} ({t.stage} seed {t.seed}{_values(t)})" for t in best.trials]


def _best_as_dict(best: BestSoFar) -> dict[str, Any]:
    trials = [{**vars(trial), "parameters": dict(trial.parameters)} for trial in best.trials]
    return {"metric": best.metric, "value": best.value, "arm": best.arm, "trials": trials}


def _score(best: BestSoFar) -> str:
    return f"valid/{best.metric} {best.value:.4f}"


def _mean_of(best: BestSoFar) -> str:
    return f", mean of {len(best.trials)} folds" if len(best.trials) > 1 else ""


def _fold(trial: BestTrial) -> str:
    return "" if trial.fold is None else f" {Cell(trial.repeat, trial.fold).label}"


def _values(trial: BestTrial) -> str:
    values = ", ".join(f"{name} {compact(value)}" for name, value in trial.parameters.items())
    return f"; {values}" if values else ""


def _when(at_ms: int | None, now_ms: int) -> str:
    if at_ms is None:
        return "none"
    age_ms = max(now_ms - at_ms, 0)
    if age_ms < _MOST_AGO_MS:
        return f"{duration_text(age_ms // 1000)} ago"
    return _moment(at_ms).strftime("%Y-%m-%d %H:%M")


def _moment(at_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_ms / 1000).astimezone()
