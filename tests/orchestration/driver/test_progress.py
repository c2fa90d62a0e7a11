"""What is shown while a study runs: right counts after a restart too, a table on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import os
import pty
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.driver.progress import (
    LineProgress,
    LiveProgress,
    NoProgress,
    describe_trial,
    draw_tally,
    show_progress,
)
from orchestration.driver.tally import StudyTally
from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.trial_json import trial_to_json
from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Objective
from reports.records.serialise import record_to_json
from search_spaces.terms.trial import Cell, Trial
from tests.orchestration.command_line import command, write_space
from tests.orchestration.simulated_trials import record_of
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import run_toy


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def make_tally(num_planned: int = 6) -> StudyTally:
    return StudyTally(num_planned, Objective("mae"), Clock())


def ask(trial: Trial) -> Event:
    return Event(1, 0, "ask", {"trial_id": trial.id, "trial": trial_to_json(trial)})


def attempt(trial: Trial) -> Event:
    return Event(1, 0, "attempt", {"trial_id": trial.id})


def tell(trial: Trial, value: float = 0.5, status: str = "completed", **changes: object) -> Event:
    record = record_of(trial, value, status)  # type: ignore[arg-type]
    return Event(1, 0, "tell", {"trial_id": trial.id, "record": {**record_to_json(record), **changes}})


TRIALS = [make_trial(seed, arm) for arm in ("full", "no_ca") for seed in range(3)]


def test_counts_and_best_by_arm() -> None:
    tally = make_tally()
    for trial in TRIALS[:4]:
        tally.see(ask(trial))
        tally.see(attempt(trial))
    tally.see(attempt(TRIALS[0]))  # its worker was lost: the same trial, once more
    assert [(name, arm.running) for name, arm in tally.arms.items()] == [("full", 3), ("no_ca", 1)]
    tally.see(tell(TRIALS[0], 0.7))
    tally.see(tell(TRIALS[1], 0.6, "pruned"))
    tally.see(tell(TRIALS[2], 0.4, "failed", error="diverged"))
    full = tally.arms["full"]
    assert (full.running, full.completed, full.pruned, full.failed, full.best) == (0, 1, 1, 1, {(0, None): 0.7})
    assert tally.num_ended == 3


def test_time_left_counts_from_the_first_trial_and_leaves_out_what_cost_nothing() -> None:
    tally = make_tally(10)
    clock: Clock = tally.clock  # type: ignore[assignment]
    clock.now = 100.0  # starting workers took that long
    assert tally.left_s is None
    for trial in TRIALS[:4]:
        tally.see(ask(trial))
    for trial in TRIALS[:2]:
        tally.see(attempt(trial))
    clock.now = 120.0
    tally.see(tell(TRIALS[2], reused_from="study x"))
    assert tally.left_s is None, "a reused trial says nothing about the pace"
    tally.see(tell(TRIALS[0]))
    tally.see(tell(TRIALS[1]))
    assert tally.elapsed_s == 120.0
    assert tally.left_s == pytest.approx(10.0 * 7)


def test_what_other_studies_have_is_no_time_left() -> None:
    tally, stream = make_tally(6), io.StringIO()
    tally.reusable = {trial.id for trial in TRIALS[2:5]}
    clock: Clock = tally.clock  # type: ignore[assignment]
    with LineProgress(tally, stream):
        assert stream.getvalue() == "starting: 3 trials to run, 3 reused from other studies\n"
    tally.see(ask(TRIALS[0]))
    tally.see(attempt(TRIALS[0]))
    clock.now = 10.0
    tally.see(tell(TRIALS[0]))
    assert tally.left_s == pytest.approx(20.0), "of six trials one has ended, and three are known"
    tally.see(ask(TRIALS[2]))
    tally.see(tell(TRIALS[2], reused_from="study x"))
    assert tally.left_s == pytest.approx(20.0)


def test_an_earlier_session_counts_and_its_running_trials_go_on() -> None:
    tally = make_tally()
    for event in (ask(TRIALS[0]), tell(TRIALS[0], 0.3), ask(TRIALS[1])):
        tally.recall(event)
    assert (tally.num_ended, tally.arms["full"].best_mean(1)) == (1, 0.3)
    tally.see(attempt(TRIALS[1]))
    assert tally.arms["full"].running == 1
    tally.see(tell(TRIALS[1], 0.2))
    assert (tally.arms["full"].running, tally.arms["full"].best_mean(1)) == (0, 0.2)


def test_the_table_has_a_row_per_arm_and_sums_those_that_do_not_fit() -> None:
    tally = make_tally(40)
    for number in range(9):
        for seed in range(2):
            trial = make_trial(seed, f"arm-{number}")
            tally.see(ask(trial))
            tally.see(attempt(trial))
        tally.see(tell(trial, 0.5 + number / 10))
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(draw_tally("demo", tally, height=11))
    lines = console.export_text().splitlines()
    assert "demo" in lines[0]
    assert "9 of 40 trials" in lines[0]
    assert lines[1].split() == ["arm", "running", "completed", "pruned", "failed", "best", "valid/mae"]
    assert lines[2].split() == ["arm-0", "1", "1", "0", "0", "0.5000"]
    assert lines[-1].split() == ["4", "more", "arms", "4", "4", "0", "0"]
    assert len(lines) == 8


def test_the_best_so_far_is_of_one_fold_in_lines_and_the_mean_of_all_folds_in_the_table() -> None:
    """Folds differ in difficulty: the best value of all would only say which one is the easiest."""
    stream, tally = io.StringIO(), make_tally()
    tally.num_folds = 2
    hard, hard_again, easy = (make_trial(n, "full", cell=Cell(0, fold)) for n, fold in enumerate((0, 0, 1)))
    other = make_trial(3, "no_ca", cell=Cell(0, 1))
    progress = LineProgress(tally, stream)
    for trial, value in ((hard, 0.9), (easy, 0.2), (hard_again, 0.8), (other, 0.1)):
        progress(ask(trial))
        progress(tell(trial, value, fold=trial.cell.fold))
    lines = stream.getvalue().splitlines()
    assert "fold 0 seed 0: valid/mae 0.9000 (the best of full on this fold so far)" in lines[0]
    assert "fold 1 seed 2: valid/mae 0.2000 (the best of full on this fold so far)" in lines[1]
    assert "fold 0 seed 1: valid/mae 0.8000 (the best of full on this fold so far)" in lines[2]
    progress(tell(replace(hard, seed=9), 0.85, fold=0))
    assert "valid/mae 0.8500 (best of full on this fold 0.8000)" in stream.getvalue().splitlines()[4]
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(draw_tally("demo", tally, height=11))
    heading, full, no_ca = console.export_text().splitlines()[1:4]
    assert heading.rstrip().endswith("best valid/mae, mean of 2 folds")
    assert full.split()[-1] == "0.5000"  # (0.8 + 0.2) / 2
    assert no_ca.rstrip().endswith("1 of 2 folds"), "one fold says nothing beside two"


def test_where_no_trial_is_left_no_time_is() -> None:
    stream = io.StringIO()
    progress = LineProgress(make_tally(2), stream)
    for trial in TRIALS[:2]:
        progress(ask(trial))
        progress(attempt(trial))
        progress(tell(trial, 0.5))
    first, last = stream.getvalue().splitlines()[-2:]
    assert first.startswith("[1/2, 0 s, about 0 s left] trial")
    assert last.startswith("[2/2, 0 s] trial")


def test_lines_say_what_ended_and_thin_out_when_there_are_many() -> None:
    few, many = io.StringIO(), io.StringIO()
    for stream, num_planned in ((few, 6), (many, 5000)):
        tally = make_tally(num_planned)
        progress = LineProgress(tally, stream)
        for trial in TRIALS[:4]:
            progress(ask(trial))
            progress(attempt(trial))
        progress(tell(TRIALS[0], 0.25))
        progress(tell(TRIALS[1], 0.5))
        progress(tell(TRIALS[2], status="failed", error="training diverged"))
        tally.clock.now = 6.0  # type: ignore[attr-defined]
        progress(tell(TRIALS[3], reused_from="study x"))
    begun, *lines = few.getvalue().splitlines()
    assert begun == "training has begun: confirm full seed 0"
    assert len(lines) == 4
    assert lines[0].startswith(
        "[1/6, 0 s, about 0 s left] trial completed: confirm full seed 0: valid/mae 0.2500 (the best of full so far), "
    )
    assert "valid/mae 0.5000 (best of full 0.2500), 3 epochs" in lines[1]
    assert "failed: confirm full seed 2: training diverged" in lines[2]
    assert lines[3].endswith("reused")
    assert [line.split("]")[0] for line in many.getvalue().splitlines()[1:]] == [
        "[1/5000, 0 s, about 0 s left",
        "[3/5000, 0 s, about 0 s left",
        "[4/5000, 6 s, about 2 h 5 min left",
    ]


def test_a_line_has_the_number_of_a_trial_its_fold_its_values_and_no_control_character() -> None:
    stream, tally = io.StringIO(), make_tally()
    trial = replace(make_trial(7, stage="search", cell=Cell(1, 2)), parameters={"gamma": 0.123456, "fd": True})
    with LineProgress(tally, stream) as progress:
        for event in (ask(trial), attempt(trial), attempt(trial)):
            progress(event)
        progress(tell(trial, 0.25, number=11, parameters=dict(trial.parameters), fold=2, repeat=1))
        progress(ask(TRIALS[0]))
        progress(tell(TRIALS[0], status="failed", error="two\nlines\tof text"))
    starting, begun, ended, failed = stream.getvalue().splitlines()
    assert starting == "starting: 6 trials to run"
    assert begun == "training has begun: search full repeat 1 fold 2 seed 7; gamma 0.123, fd yes"
    assert "trial 12 completed: search full repeat 1 fold 2 seed 7: valid/mae 0.2500" in ended
    assert ended.endswith("; gamma 0.123, fd yes")
    assert "failed: confirm full seed 0: two lines of text" in failed
    assert all(character.isprintable() for line in stream.getvalue().splitlines() for character in line)


def test_a_trial_with_many_values_stays_one_short_line() -> None:
    trial = replace(make_trial(0), parameters={f"p{number}": number for number in range(30)})
    assert describe_trial(trial).endswith("p7 7, 22 more")


def test_a_terminal_gets_the_table_and_failures_stay_above_it() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=30, color_system=None)
    tally = make_tally()
    with LiveProgress("demo", tally, console) as progress:
        for event in (ask(TRIALS[0]), attempt(TRIALS[0]), tell(TRIALS[0], status="failed", error="training diverged")):
            progress(event)
        progress(tell(TRIALS[1], 0.25, number=4))
    shown = stream.getvalue()
    assert "trial 5 completed: confirm full seed 1: valid/mae 0.2500" in shown, "the latest"
    assert "trial failed: confirm full seed 0: training diverged" in shown
    assert "2 of 6 trials" in shown
    assert shown.rindex("training diverged") < shown.rindex("2 of 6 trials")


def test_where_nobody_looks_nothing_is_shown() -> None:
    stream = io.StringIO()
    assert isinstance(show_progress("demo", make_tally(), True, stream), NoProgress)
    assert isinstance(show_progress("demo", make_tally(), False, stream), LineProgress)
    with NoProgress() as progress:
        progress(tell(TRIALS[0]))
    assert stream.getvalue() == ""


def test_a_real_study_is_counted_to_its_end(tmp_path: Path) -> None:
    tally = StudyTally(4, Objective("mae"))
    trials = [make_trial(1, x=0.1), make_trial(2, x=0.2), make_trial(3, diverges_at=2), make_trial(4, raises_at=1)]
    run_toy(tmp_path, ListedSource(trials), on_event=tally.see)
    again = StudyTally(4, Objective("mae"))
    with Ledger(tmp_path) as ledger:
        for event in ledger.events():
            again.recall(event)
    for counted in (tally, again):
        (arm,) = counted.arms.values()
        assert (arm.running, arm.completed, arm.failed) == (0, 2, 2)


@pytest.mark.long
def test_on_a_terminal_the_product_shows_its_table_and_nothing_of_its_libraries(tmp_path: Path) -> None:
    """A whole study in a pseudo-terminal: standard error is the table, standard output the result."""
    space = write_space(tmp_path)
    small = ["--set", "arms={models: [ridge]}", "--set", "data.folds=", "--set", "model.max_epochs=1"]
    arguments = command("dmd-search", "--space", str(space), "--out", str(tmp_path / "runs"), *small)
    reader, writer = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=writer, env=environment)
    os.close(writer)
    shown = b""
    while chunk := _read(reader):
        shown += chunk
    printed = (process.communicate()[0]).decode()
    text = shown.decode()
    assert process.returncode == 0, text
    assert "4 of 4 trials" in text
    assert "best valid/mae" in text
    assert [line.split(":")[0] for line in printed.splitlines()] == ["done", "report", "compare in MLflow"]
    for noise in ("WARNING", "INFO", "Traceback", "ray", "alembic"):
        assert noise not in text
    log = (tmp_path / "runs" / "small" / "logs" / "study.log").read_text()
    assert "ray" in log, "what Ray says is in the study's log"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux ends a pseudo-terminal so
        return b""
