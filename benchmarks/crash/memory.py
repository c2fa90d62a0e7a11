"""A machine whose memory runs out: Ray's monitor then ends a worker, as the kernel would.

The mark from which on the monitor acts is set a little above what the machine uses when the session starts, and the
balloon grows beyond it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

GIGABYTE = 1 << 30
_PIECE = 1 << 27


def watched_environment(room: int = 3 * GIGABYTE) -> dict[str, str]:
    """Environment of a session whose Ray ends workers once ``room`` bytes more than now are used.

    That is more than a small study needs, and its neighbours get meanwhile.
    """
    total, available = _memory()
    mark = (total - available + room) / total
    return {"RAY_memory_usage_threshold": f"{min(mark, 0.95):.4f}", "RAY_memory_monitor_refresh_ms": "100"}


def fill_until(is_enough: Callable[[], bool], most: int = 6 * GIGABYTE) -> bool:
    """Use up memory until ``is_enough``, then give it back. False if ``most`` bytes were not enough, or not to be had
    without touching what others use.
    """
    balloon: list[bytearray] = []
    while not is_enough():
        if len(balloon) * _PIECE >= most or _memory()[1] < 2 * GIGABYTE:
            return False
        balloon.append(bytearray(b"\1") * _PIECE)
        time.sleep(0.1)
    return True


def _memory() -> tuple[int, int]:
    """Bytes of this machine, and how many of them could be had."""
    lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    kilobytes = {words[0]: int(words[1]) for words in lines}
    return kilobytes["MemTotal:"] * 1024, kilobytes["MemAvailable:"] * 1024
