"""How often a training state is saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dmd.job import Checkpointing
from dmd.training.checkpoint import StateKeeper


class SlowDisk:
    """Takes so many seconds of its own clock for a file, and counts them."""

    def __init__(self, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = seconds
        self.now = 100.0
        self.num_files = 0
        monkeypatch.setattr("dmd.training.checkpoint.time.monotonic", lambda: self.now)

    def __call__(self, path: Path, content: memoryview) -> None:
        self.now += self.seconds
        self.num_files += 1


def _state() -> dict[str, Mapping[str, int]]:
    return {"model": {}}


def test_saving_takes_no_more_than_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(2.0, monkeypatch)
    keeper = StateKeeper(Checkpointing(Path("unused"), disk, max_share=0.1))
    saved_at = []
    for _ in range(45):
        before = disk.num_files
        keeper.save(_state)
        if disk.num_files > before:
            saved_at.append(disk.now - 2.0)
        disk.now += 1.0  # an epoch
    # The first at once; then 18 seconds of training to 2 of saving.
    assert saved_at == [100.0, 120.0, 140.0]


def test_a_share_of_one_saves_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(1.0, monkeypatch)
    keeper = StateKeeper(Checkpointing(Path("unused"), disk))
    for _ in range(5):
        keeper.save(_state)
    assert disk.num_files == 5


def test_nothing_is_dumped_that_is_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> dict[str, object]:
        pytest.fail("a state was collected for nothing")

    StateKeeper(None).save(never)
    keeper = StateKeeper(Checkpointing(Path("unused"), SlowDisk(1.0, monkeypatch), max_share=0.5))
    keeper.save(_state)
    keeper.save(never)
