"""The bookkeeping of a study: everything in the ledger once, nothing repeated, nothing lost over an interruption."""

from __future__ import annotations

import os
import signal

import pytest

from dmd.job import EpochReport
from orchestration.driver.driver import Driver, StudyPlan
from orchestration.driver.endings import ending_of_exception
from orchestration.ledger.ledger import Ledger
from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Objective
from tests.orchestration.toy_runner import error_of, make_trial
from tests.orchestration.toy_studies import listed, run_toy, searched, state_of, toy_of


def interrupt_after(num_epochs: int):
    """An observer that sends SIGINT to this process when the ledger holds so many new epochs."""
    left = [num_epochs]

    def on_event(event):
        left[0] -= event.kind == "report"
        if event.kind == "report" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGINT)

    return on_event


def test_a_list_is_run_to_its_end(tmp_path):
    trials = [make_trial(seed) for seed in range(4)]
    outcome = run_toy(tmp_path, listed(trials))
    assert (outcome.num_completed, outcome.num_failed, outcome.is_interrupted) == (4, 0, False)
    records = state_of(tmp_path).records()
    assert [record.trial_id for record in records] == [trial.id for trial in trials]
    assert records[2].test == {"mae": error_of(trials[2], 3) + 1}
    assert [point.metrics["valid/mae"] for point in records[2].epochs] == [error_of(trials[2], e) for e in (1, 2, 3)]


def test_a_finished_study_is_not_repeated(tmp_path):
    run_toy(tmp_path, searched())
    before = toy_of(tmp_path).count("epoch")
    outcome = run_toy(tmp_path, searched())
    assert outcome.num_completed == 15
    assert toy_of(tmp_path).count("epoch") == before


@pytest.mark.parametrize("num_epochs", [1, 40, 9 * 13 + 4])
def test_an_interrupted_study_goes_on_as_if_nothing_had_been(tmp_path, num_epochs):
    run_toy(tmp_path / "whole", searched(), scheduler="none")
    cut = tmp_path / "cut"
    assert run_toy(cut, searched(), on_event=interrupt_after(num_epochs)).is_interrupted
    assert not run_toy(cut, searched()).is_interrupted
    expected, found = ({r.trial_id: r for r in state_of(tmp_path / d).records()} for d in ("whole", "cut"))
    assert list(found) == list(expected), "the same proposals in the same order"
    assert {i: (r.valid, r.test, r.epochs, r.number) for i, r in found.items()} == {
        i: (r.valid, r.test, r.epochs, r.number) for i, r in expected.items()
    }
    assert sum(record.attempts for record in found.values()) == len(found) + 1
    assert set(toy_of(cut).count("epoch").values()) == {1}, "no epoch is computed twice"


def test_stopping_decisions_are_the_same_over_an_interruption(tmp_path):
    run_toy(tmp_path / "whole", searched(), scheduler="asha")
    run_toy(tmp_path / "cut", searched(), scheduler="asha", on_event=interrupt_after(30))
    run_toy(tmp_path / "cut", searched(), scheduler="asha")
    expected, found = (
        [(r.trial_id, r.status, r.num_epochs) for r in state_of(tmp_path / d).records()] for d in ("whole", "cut")
    )
    assert found == expected
    assert "pruned" in {status for _, status, _ in found}


def test_pruned_trials_are_recorded_with_their_validation_and_without_test(tmp_path):
    run_toy(tmp_path, searched(), scheduler="asha")
    pruned = [record for record in state_of(tmp_path).records() if record.status == "pruned"]
    assert pruned
    assert all(record.test is None and "mae" in record.valid and record.num_epochs < 9 for record in pruned)


def test_failures_become_records_and_the_study_goes_on(tmp_path):
    trials = [make_trial(1, diverges_at=2), make_trial(2, raises_at=1), make_trial(3)]
    outcome = run_toy(tmp_path, listed(trials))
    assert (outcome.num_completed, outcome.num_failed) == (1, 2)
    diverged, raised, _ = state_of(tmp_path).records()
    assert (diverged.error, diverged.num_epochs) == ("loss became non-finite in epoch 2", 1)
    assert (raised.error or "").startswith("RuntimeError: the toy is broken")


def test_of_a_checkpoint_the_weights_are_left_and_all_of_it_where_a_confirm_trial_failed(tmp_path):
    trials = [make_trial(1), make_trial(2, diverges_at=2), make_trial(3, stage="search"), make_trial(4, epochs=2)]
    run_toy(tmp_path, listed(trials))
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [trials[1].id]
    weights = {path.name for path in (tmp_path / "artifacts").glob("*.pt")}
    assert weights == {f"{trials[0].id}.pt", f"{trials[3].id}.pt"}


def make_driver(ledger, trials, **changes):
    plan = StudyPlan("s", ListedSource(trials), objective=Objective("mae"), **changes)
    return Driver(plan, ledger, lambda event: None)


def test_an_epoch_repeated_after_a_retry_is_recorded_once(tmp_path):
    with Ledger(tmp_path) as ledger:
        driver = make_driver(ledger, [make_trial()])
        trial = driver.next_trial()
        for epoch in (1, 2, 1, 2, 3):
            driver.on_epoch(trial, EpochReport(epoch, {"valid/mae": 1 / epoch}, 0.1))
        assert [event.data["epoch"] for event in ledger.events() if event.kind == "report"] == [1, 2, 3]


def test_a_second_ending_is_ignored(tmp_path):
    with Ledger(tmp_path) as ledger:
        driver = make_driver(ledger, [make_trial()])
        trial = driver.next_trial()
        for _ in range(2):
            driver.on_end(trial, ending_of_exception(RuntimeError("x")))
        assert [event.kind for event in ledger.events()].count("tell") == 1
        assert driver.num_ended["failed"] == 1


def test_trials_that_ran_at_a_crash_come_first_and_count_as_attempts(tmp_path):
    trials = [make_trial(seed) for seed in range(4)]
    with Ledger(tmp_path) as ledger:
        driver = make_driver(ledger, trials)
        given = [driver.next_trial() for _ in range(2)]
    with Ledger(tmp_path) as ledger:
        driver = make_driver(ledger, trials)
        assert driver.num_running == 0
        assert [driver.next_trial() for _ in range(5)] == [*given, trials[2], trials[3], None]
        assert driver.has_all_given_out
        assert driver.num_running == 4
        assert sum(event.kind == "ask" for event in ledger.events()) == 4


def test_an_error_of_the_bookkeeping_is_no_failure_of_a_trial(tmp_path):
    def on_event(event):
        if event.kind == "report":
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run_toy(tmp_path, listed([make_trial()]), on_event=on_event)
    assert not state_of(tmp_path).ended


def test_details_that_do_not_fit_on_the_disk_end_the_study_and_not_the_trial(tmp_path, monkeypatch):
    import orchestration.driver.trial_files

    def fail(path, content):
        raise OSError("No space left on device")

    trials = [make_trial(1), make_trial(2)]
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(orchestration.driver.trial_files, "write_whole", fail)
        run_toy(tmp_path, listed(trials))
    assert not state_of(tmp_path).ended, "no ending counts before its details are on disk"
    assert run_toy(tmp_path, listed(trials)).num_completed == 2
    assert {path.stem for path in (tmp_path / "artifacts").glob("*.npz")} == {trial.id for trial in trials}
    assert set(toy_of(tmp_path).count("epoch").values()) == {1}, "the trial was not trained again"


def test_after_a_deleted_ledger_line_only_the_lost_ending_is_run_again(tmp_path):
    # The remedy that a damaged ledger names: here the ending of a search trial goes, and with it what confirm rests on.
    run_toy(tmp_path, searched(num_trials=3))
    path = tmp_path / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lost = next(line for line in reversed(lines) if b'"kind":"tell"' in line and b'"stage":"search"' in line)
    path.write_bytes(b"".join(line for line in lines if line is not lost))
    before = state_of(tmp_path).ended.keys()
    assert run_toy(tmp_path, searched(num_trials=3)).num_completed == 6
    began = toy_of(tmp_path).count("begin")
    assert [began[trial_id, 0] for trial_id in before] == [1] * 5
    assert sum(began.values()) == 7
