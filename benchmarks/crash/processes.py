"""Processes of this machine, as ``/proc`` shows them."""

from __future__ import annotations

from pathlib import Path

_TRAINS = "ResourceTrainable"
"""In the title of a process of Ray that trains."""


def descendants(pid: int) -> list[int]:
    """Every process below ``pid``."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def training_below(pid: int) -> list[int]:
    """Processes below ``pid`` that train."""
    return [found for found in descendants(pid) if _TRAINS in command_of(found)]


def command_of(pid: int) -> str:
    """The command line, or title, of a process; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def users_of(directory: Path) -> list[str]:
    """Commands of living processes that were given ``directory`` as their place for temporary files."""
    needle = f"TMPDIR={directory}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if needle in path.read_bytes().split(b"\0"):
                found.append(command_of(int(path.parent.name)))
        except OSError:
            continue
    return [command for command in found if command]
