"""CPU contention: how much slower trials run side by side than the one that was timed, on this machine as it is now.

It is measured and not derived from the load average: the processor time that other programs leave depends on their
priority, on the groups in which the system shares its processors, and on limits of a container.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from orchestration.machine.processors import num_cpus

_START_S, _WATCHED_S = 0.2, 0.4
_IDLE_WATCHED_S = 0.1
_IDLE_SHARE = 0.2
"""Of one processor that may be in use on a machine that counts as idle: two ticks of a hundredth of a second."""
_QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
"""A number where there is a limit; ``max`` and ``-1`` where there is none."""
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

    Takes about a second; a tenth on an idle machine, and no time if ``of_all`` is no more than ``of_one``.
    """
    if of_all <= of_one or (of_all <= num_cpus() and not _has_quota() and _others_are_idle()):
        return 1.0
    return max(1.0, _processor_share(of_one) / _processor_share(of_all))


def _has_quota() -> bool:
    """Whether a control group limits the processor time of this container: an idle machine is not free then."""
    limits = [_read(path).split()[:1] for path in _QUOTAS]
    return any(limit[0].isdigit() for limit in limits if limit)


def _others_are_idle() -> bool:
    """Whether, while this process sleeps, nearly nothing runs on any processor. False where /proc does not tell."""
    before = _busy_ticks()
    time.sleep(_IDLE_WATCHED_S)
    after = _busy_ticks()
    if before is None or after is None:
        return False
    return after - before <= _IDLE_SHARE * _IDLE_WATCHED_S * os.sysconf("SC_CLK_TCK")


def _busy_ticks() -> int | None:
    """Ticks that all processors have been busy for since the system started."""
    fields = _read("/proc/stat").partition("\n")[0].split()
    if fields[:1] != ["cpu"]:
        return None
    ticks = [int(field) for field in fields[1:9]]
    # The fourth and fifth are idle, and waiting for a disk.
    return sum(ticks) - ticks[3] - ticks[4]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


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
