"""The sockets of a process and of everything that it started, as the kernel lists them; and a port for a new one."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True)
class Socket:
    """A TCP socket that listens at ``address``, or is connected to it."""

    program: str
    listens: bool
    address: str

    @property
    def is_local(self) -> bool:
        address = ipaddress.ip_address(self.address)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


def free_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def sockets_of(pid: int) -> set[Socket]:
    """Those of the process ``pid`` and of its descendants."""
    table = dict(_table())
    found = set()
    for process in (pid, *descendants(pid)):
        try:
            program = Path(f"/proc/{process}/comm").read_text().strip()
            links = [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
        except OSError:
            continue
        inodes = [link[len("socket:[") : -1] for link in links if link.startswith("socket:[")]
        found |= {Socket(program, *table[inode]) for inode in inodes if inode in table}
    return found


def descendants(pid: int) -> Iterator[int]:
    """Children, their children, and so on."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    waiting = list(parents.get(pid, []))
    while waiting:
        child = waiting.pop()
        yield child
        waiting += parents.get(child, [])


def _table() -> Iterator[tuple[str, tuple[bool, str]]]:
    """Inode -> (listens, the address that it listens at or is connected to)."""
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            listens = fields[3] == _LISTEN
            where = fields[1 if listens else 2].partition(":")[0]
            words = [int(where[start : start + 8], 16) for start in range(0, len(where), 8)]
            packed = b"".join(struct.pack("=I", word) for word in words)
            yield fields[9], (listens, str(ipaddress.ip_address(packed)))
