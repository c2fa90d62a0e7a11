"""Who works on a study is found without its lock, with the system's list of locks and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestration.ledger.file_names import LOCK_FILE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.lock_holder import find_driver


def test_the_process_that_holds_the_lock_is_named_and_nobody_afterwards(tmp_path: Path) -> None:
    assert find_driver(tmp_path) is None
    with Ledger(tmp_path):
        assert find_driver(tmp_path) == os.getpid()
    assert find_driver(tmp_path) is None, "the file still names it"


def test_a_killed_driver_works_on_nothing(tmp_path: Path) -> None:
    script = "import os, sys; from pathlib import Path; from orchestration.ledger.ledger import Ledger\n"
    script += "ledger = Ledger(Path(sys.argv[1])); os._exit(9)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert (tmp_path / LOCK_FILE).read_text().isdigit()
    assert find_driver(tmp_path) is None
    assert find_driver(tmp_path, locks=tmp_path / "none") is None


def test_without_a_list_of_locks_a_living_process_counts(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text(str(os.getpid()))
    assert find_driver(tmp_path, locks=tmp_path / "none") == os.getpid()


def test_other_locks_of_the_system_are_not_the_study_s(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("4711")
    inode = (tmp_path / LOCK_FILE).stat().st_ino
    listed = tmp_path / "locks"
    lines = (
        f"1: POSIX  ADVISORY  WRITE 4711 00:00:{inode} 0 EOF",
        f"2: FLOCK  ADVISORY  WRITE 12 00:00:{inode} 0 EOF",
        f"3: FLOCK  ADVISORY  WRITE 4711 00:00:{inode + 1} 0 EOF",
        f"3: -> FLOCK  ADVISORY  WRITE 4711 00:00:{inode} 0 EOF",
        "nonsense",
    )
    listed.write_text("\n".join(lines))
    assert find_driver(tmp_path, locks=listed) is None
    listed.write_text(f"1: FLOCK  ADVISORY  WRITE 4711 00:00:{inode} 0 EOF\n")
    assert find_driver(tmp_path, locks=listed) == 4711, "a layered file system lists another device"
