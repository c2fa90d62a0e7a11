"""Start-up time of workers, estimated from the start-up time of this process."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

RAY_S = 2.5
"""Seconds until a local Ray cluster is up and Tune is imported, on an idle machine (1.4 and 1.1)."""
WORKER_S = 1.0
"""Ray's part of a worker's start-up, in seconds."""


@dataclass(frozen=True)
class StartUp:
    """The time until the first trial trains.

    Attributes:
        ray_s: seconds until Ray is up; 0 without Ray.
        workers_s: seconds until the workers, which start together and share the processors as trials do, have imported
            their modules and opened the data.
    """

    ray_s: float = 0.0
    workers_s: float = 0.0


def measure_start_up() -> StartUp:
    """Estimate from this process, which has imported the same modules and opened the same data as a worker will: its
    processor time, and how much longer it took on a machine as busy as this one."""
    used_s = time.process_time()
    slowness = max(process_age_s() / used_s, 1.0) if used_s > 0 else 1.0
    return StartUp(RAY_S * slowness, (WORKER_S + used_s) * slowness)


def process_age_s() -> float:
    """Seconds since this process started; its processor time on systems without /proc."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
        return uptime_s - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.process_time()
