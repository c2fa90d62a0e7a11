"""CPU contention: how much slower trials run side by side than the one that was timed, on this machine as it is now.

It is measured and not derived from the load average: the processor time that other programs leave depends on their
priority, on the groups in which the system shares its processors, and on limits of a container.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

_START_S, _WATCHED_S = 0.2, 0.4
# Busy from the first moment, so that the system has spread them over its processors when the measurement begins.
_PROBE = """
import sys, time
start, end = float(sys.argv[1]), float(sys.argv[2])
while time.monotonic() < start:
    pass
used = time.process_time()
while time.monotonic() < end:
    pass
print(time.process_time() - used)
"""


def cpu_contention(of_one: int, of_all: int) -> float:
    """How much slower each of ``of_all`` busy threads runs than ``of_one`` do now; at least 1.

    Takes about a second, or no time if ``of_all`` is no more than ``of_one``.
    """
    if of_all <= of_one:
        return 1.0
    return max(1.0, _processor_share(of_one) / _processor_share(of_all))


def _processor_share(num_threads: int) -> float:
    """Processor seconds per second that each of so many busy threads gets now."""
    start = time.monotonic() + _START_S
    command = [sys.executable, "-I", "-S", "-c", _PROBE, str(start), str(start + _WATCHED_S)]
    with contextlib.ExitStack() as started:
        probes = []
        for _ in range(num_threads):
            # This process alone handles Ctrl-C, and kills them.
            probe = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            started.callback(probe.kill)
            probes.append(probe)
        shares = [float(probe.communicate()[0]) / _WATCHED_S for probe in probes]
    # The clock of a process has ticks: a measured 0 may be nearly one tick.
    return max(sum(shares) / len(shares), 0.01)
