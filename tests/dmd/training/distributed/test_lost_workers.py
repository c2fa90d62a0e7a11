"""However another worker goes, whoever waits for it hears of it within seconds and can leave."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dmd.errors import WorkerLost
from dmd.training.distributed.rendezvous import Rendezvous, join_group

SOON_S = 15.0

# The second worker stops while its connections stay open: what the network sees of a partner whose end it has missed.
SILENT_PARTNER = """
import os, signal, sys, threading, time, torch
from dmd.errors import WorkerLost
from dmd.job import WorkerRank
from dmd.training.distributed.rendezvous import Rendezvous, join_group

theirs, mine = os.pipe()
partner = os.fork()
if partner == 0:
    port = int(os.read(theirs, 16))
    with join_group(WorkerRank(1, 2, "127.0.0.1", port), "cpu") as team:
        team.sum(torch.zeros(1))
        os.kill(os.getpid(), signal.SIGSTOP)
rendezvous = Rendezvous()
first, second = rendezvous.ranks(2)
os.write(mine, str(second.port).encode())
try:
    with join_group(first, "cpu") as team:
        team.sum(torch.zeros(1))
        threading.Timer(0.2, rendezvous.close).start()
        began = time.monotonic()
        team.sum(torch.zeros(1))
except WorkerLost as error:
    print(f"lost after {time.monotonic() - began:.0f} s: {error}")
os.kill(partner, signal.SIGKILL)
# A worker is ended from outside; how this process would take down threads that wait for the dead is not asked here.
sys.stdout.flush()
os._exit(0)
"""


def test_a_partner_that_only_seems_to_be_there_is_given_up_once_its_death_is_known() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SILENT_PARTNER],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=4 * SOON_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("lost after ")
    assert int(done.stdout.split()[2]) < SOON_S
    assert "another worker of the trial was lost: it died, and the network did not notice" in done.stdout


@pytest.mark.parametrize("closed_after_s", [None, 0.3])
def test_nobody_waits_for_a_partner_that_died_before_it_came(closed_after_s: float | None) -> None:
    rendezvous = Rendezvous()
    first, _ = rendezvous.ranks(2)
    if closed_after_s is None:
        rendezvous.close()
    else:
        threading.Timer(closed_after_s, rendezvous.close).start()
    began = time.monotonic()
    with pytest.raises(WorkerLost), join_group(first, "cpu"):
        pass
    assert time.monotonic() - began < SOON_S
