"""One driver at a time works on a study."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.ledger.errors import LedgerError, LedgerLocked
from orchestration.ledger.ledger import Ledger


def test_a_file_system_without_locks_is_no_second_driver(tmp_path, monkeypatch):
    def flock(file, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(LedgerError, match=r"keeps no locks \(No locks available\).*--out") as caught:
        Ledger(tmp_path)
    assert not isinstance(caught.value, LedgerLocked)


def test_a_second_driver_is_refused_and_told_who_works(tmp_path):
    with Ledger(tmp_path), pytest.raises(LedgerLocked, match=f"process {os.getpid()}"):
        Ledger(tmp_path)
    Ledger(tmp_path).close()


def test_the_lock_does_not_survive_a_killed_driver(tmp_path):
    program = (
        "import os, signal, sys, pathlib; from orchestration.ledger.ledger import Ledger; "
        "ledger = Ledger(pathlib.Path(sys.argv[1])); ledger.append('start', {}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    with Ledger(tmp_path) as ledger:
        assert [event.seq for event in ledger.events()] == [1]
