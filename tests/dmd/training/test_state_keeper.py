"""How often a training state is saved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dmd.job import Checkpointing
from dmd.training.checkpoint import StateKeeper


class SlowDisk:
    """Takes so many seconds for a file, and counts them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.num_files = 0

    def __call__(self, path: Path, content: memoryview) -> None:
        time.sleep(self.seconds)
        self.num_files += 1


def _state() -> dict[str, Mapping[str, int]]:
    return {"model": {}}


def test_saving_takes_no_more_than_its_share_of_the_time() -> None:
    disk = SlowDisk(0.02)
    keeper = StateKeeper(Checkpointing(Path("unused"), disk, max_share=0.1))
    began = time.monotonic()
    while time.monotonic() - began < 0.7:
        keeper.save(_state)
        time.sleep(0.001)
    # The first at once, then one in every 0.2 seconds or more; on a busy machine fewer.
    assert 2 <= disk.num_files <= 4


def test_a_share_of_one_saves_every_time() -> None:
    disk = SlowDisk(0.001)
    keeper = StateKeeper(Checkpointing(Path("unused"), disk))
    for _ in range(5):
        keeper.save(_state)
    assert disk.num_files == 5


def test_nothing_is_dumped_that_is_not_saved() -> None:
    def never() -> dict[str, object]:
        pytest.fail("a state was collected for nothing")

    StateKeeper(None).save(never)
    keeper = StateKeeper(Checkpointing(Path("unused"), SlowDisk(0.05), max_share=0.001))
    keeper.save(_state)
    keeper.save(never)
