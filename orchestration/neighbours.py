"""Who else wants the processors of this machine, and what that does to trials that run side by side.

A trial that is timed alone finds a processor free that trials of a whole study will not: beside one busy neighbour on
two processors it runs at full speed, two of them at two thirds of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from orchestration.local_machine import num_cpus


def count_neighbours() -> float:
    """How many threads besides the calling one run or wait for a processor now; 0 where the system does not say.

    The system counts over the whole machine: a process that may use a part of its processors has that part of them.
    """
    try:
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(running - 1, 0) * num_cpus() / (os.cpu_count() or 1)


def crowding_of(neighbours: Sequence[float], of_one: float, of_all: float, cpus: int) -> float:
    """How much slower a trial runs in a full study than it did alone, beside the same neighbours; at least 1.

    neighbours: their numbers while the trial was timed. of_one, of_all: busy threads of a trial, and of all that run at
    the same time. Processors are taken to be shared equally.
    """
    mean = sum(neighbours) / len(neighbours) if neighbours else 0.0
    return max(1.0, (of_all + mean) / cpus) / max(1.0, (of_one + mean) / cpus)
