"""A place that takes no more writes ends the command in one line, and what had ended is kept."""

from __future__ import annotations

import errno
import resource
from dataclasses import dataclass

import pytest
import torch

from dmd.job import WorkerRank
from dmd.training.checkpoint import FILE, encode_state, take_up_state
from orchestration.cli.exit_codes import bad_input_exits
from orchestration.driver.driver import StudyPlan
from orchestration.driver.endings import DISK_ERRNOS
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Resources
from orchestration.ledger.ledger import Ledger
from orchestration.process.atomic_files import write_whole
from orchestration.ray_backend.executor import RayTuneExecutor
from orchestration.run_study import run_study
from tests.orchestration.toy_runner import ToyRunner, make_trial
from tests.orchestration.toy_studies import STUDY, listed, state_of


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_full_disk_is_one_line(number, capsys):
    with pytest.raises(SystemExit) as ended, bad_input_exits():
        raise OSError(number, "No space left", "runs/x/ledger.jsonl")
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: runs/x/ledger.jsonl: No space left; all finished trials are kept: free some disk space and run "
        "the same command again\n"
    )


def test_other_errors_of_the_system_are_our_own_bugs(capsys):
    with pytest.raises(OSError, match="bad"), bad_input_exits():
        raise OSError(errno.EBADF, "bad")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("executor", ["inline", "ray"])
def test_a_checkpoint_that_does_not_fit_ends_the_session_and_not_the_trial(tmp_path, executor):
    trials = [make_trial(1), make_trial(2, epochs=4)]
    made = InlineExecutor() if executor == "inline" else RayTuneExecutor(Resources(), num_cpus=1)
    obstacle = tmp_path / "full"
    obstacle.touch()
    with pytest.raises(OSError, match="No space left"):
        run_on(tmp_path, trials, made)
    assert state_of(tmp_path).records() == ()
    obstacle.unlink()
    outcome = run_on(tmp_path, trials, made)
    assert (outcome.num_completed, outcome.num_failed) == (2, 0)


@dataclass(frozen=True)
class FullDiskRunner(ToyRunner):
    """The toy, whose first write fails while there is a file ``full`` beside its log."""

    def open(self, provider=None):
        run_trial = super().open()

        def run(trial, on_epoch, directory, worker=WorkerRank()):  # noqa: B008
            if (self.log.parent / "full").exists():
                raise OSError(errno.ENOSPC, "No space left on device")
            return run_trial(trial, on_epoch, directory, worker)

        return run


def run_on(directory, trials, executor):
    plan = StudyPlan(STUDY, listed(trials), checkpoints=directory / "checkpoints")
    with Ledger(directory) as ledger:
        return run_study(plan, executor, FullDiskRunner(directory / "toy.log"), ledger)


def test_a_checkpoint_that_does_not_fit_says_so_and_leaves_the_old_one(tmp_path):
    write_whole(tmp_path / FILE, encode_state({"epoch": 1}))
    old = take_up_state(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            write_whole(tmp_path / FILE, encode_state({"epoch": 2, "weights": torch.zeros(10_000)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.errno in DISK_ERRNOS
    assert take_up_state(tmp_path) == old
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]
    (tmp_path / "state.pt.1.tmp").touch()
    assert take_up_state(tmp_path) == old
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"], "what a killed attempt left is removed"
