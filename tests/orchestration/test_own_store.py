"""The store in a study's directory: a kill while it is made costs nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.tracking.delivery import connect
from orchestration.tracking.own_store import STORE_FILE, address_of, make_own_store

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

MAKE = "import sys; from pathlib import Path; from orchestration.tracking.own_store import make_own_store as make; "
MAKE += "make(Path(sys.argv[1]))"


def count_tables(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        try:
            return int(store.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0])
        except sqlite3.OperationalError:  # locked: it is being written
            return 0


def test_a_store_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], cwd=Path(__file__).parents[2])
    unfinished = tmp_path / f"{STORE_FILE}.new"
    while not count_tables(unfinished) and maker.poll() is None:
        time.sleep(0.002)
    os.kill(maker.pid, signal.SIGKILL)
    assert maker.wait() == -signal.SIGKILL, "it was done before it was killed"
    assert unfinished.exists()
    assert not (tmp_path / STORE_FILE).exists()

    make_own_store(tmp_path)
    assert not unfinished.exists()
    client = connect(address_of(tmp_path / STORE_FILE))
    client.create_experiment("kept")
    make_own_store(tmp_path)
    assert client.get_experiment_by_name("kept") is not None
