"""How long workers will take to be ready, told from how long this process took."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

RAY_S = 4.0
"""Seconds until a Ray of our own stands."""
WORKER_S = 1.0
"""Seconds of a worker that are Ray's."""


@dataclass(frozen=True)
class StartUp:
    """Seconds until the first trial trains. ray_s: until Ray stands; workers_s: until workers, which start together and
    share the processors as trials do, have imported and opened what they need."""

    ray_s: float = 0.0
    workers_s: float = 0.0


def measure_start_up() -> StartUp:
    """Told from this process, so that a busy machine shows: it has imported and opened by now what a worker will, used
    so much processor time for it, and took so long."""
    used_s = time.process_time()
    slowness = max(process_age_s() / used_s, 1.0) if used_s > 0 else 1.0
    return StartUp(RAY_S * slowness, (WORKER_S + used_s) * slowness)


def process_age_s() -> float:
    """Seconds since this process started; its processor time where the system does not say."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
        return uptime_s - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.process_time()
