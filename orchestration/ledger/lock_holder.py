"""Which process holds a study's lock, read from the system's list of locks: asking for the lock, even for an instant,
would refuse a driver that starts at that moment."""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.ledger.file_names import LOCK_FILE

SYSTEM_LOCKS = Path("/proc/locks")


def find_driver(directory: Path, locks: Path = SYSTEM_LOCKS) -> int | None:
    """The process that works on the study in ``directory``; None if there is none on this machine.

    locks: the system's list; where there is none, the process named in the lock file counts while it lives.
    """
    path = directory / LOCK_FILE
    if not path.is_file():
        return None
    try:
        place, written = path.stat(), path.read_text(errors="replace").strip()
    except OSError:
        return None
    owner = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    try:
        listed = locks.read_text()
    except OSError:
        return owner if owner is not None and _is_alive(owner) else None
    device = f"{os.major(place.st_dev):02x}:{os.minor(place.st_dev):02x}"
    for line in listed.splitlines():
        parts = line.split()
        # 1: FLOCK  ADVISORY  WRITE 27822 fe:00:2556579 0 EOF
        if len(parts) < 6 or parts[1] != "FLOCK" or parts[3] != "WRITE":
            continue
        found_device, _, inode = parts[5].rpartition(":")
        holder = int(parts[4]) if parts[4].isdigit() else None
        # Layered file systems list another device than they show; the number of the process then tells.
        if inode == str(place.st_ino) and (found_device == device or (owner is not None and holder == owner)):
            return owner or holder
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
