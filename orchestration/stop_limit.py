"""A clean stop waits for other processes, in calls that no signal interrupts; this limits how long."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator

from orchestration.signals import end_now, heard_signals

_TOO_LONG = (
    "stopped at once, for a clean stop took too long: everything that had ended is kept; "
    "run the same command to continue"
)


@contextlib.contextmanager
def stop_limit(seconds: float) -> Iterator[None]:
    """Meanwhile this program ends at once if it is still here so long after a signal; for the main thread.

    The system tells a thread of it, also while the main thread is somewhere outside Python.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(told, seconds), name="stop-limit", daemon=True)
    watch.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        # The end of the pipe calls it off.
        os.close(tell)
        watch.join()
        os.close(told)


def _watch(told: int, seconds: float) -> None:
    while numbers := os.read(told, 1):
        if numbers[0] in heard_signals():
            while select.select([told], [], [], seconds)[0]:
                if not os.read(told, 64):
                    return
            end_now(_TOO_LONG)
