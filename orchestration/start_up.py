"""How long workers will take to be ready, told from how long this process took."""

from __future__ import annotations

import os
import time
from pathlib import Path

RAY_CPU_S = 4.0
"""Processor seconds until a Ray of our own stands."""


def start_up_s() -> float:
    """Seconds until the first trial trains: Ray, then workers that import and open what this process has by now.

    Measured on this process, so that a busy machine shows: it used so much processor time since it started, and took
    so long for it.
    """
    used_s = time.process_time()
    slowness = max(process_age_s() / used_s, 1.0) if used_s > 0 else 1.0
    return (RAY_CPU_S + used_s) * slowness


def process_age_s() -> float:
    """Seconds since this process started; its processor time where the system does not say."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
        return uptime_s - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.process_time()
