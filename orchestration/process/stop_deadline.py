"""Forces an exit when a graceful shutdown takes too long, or at a second signal.

During a graceful shutdown the main thread waits for other processes in calls that no signal interrupts, and Python runs
handlers only afterwards, once for several signals. So a thread reads the signals from a wake-up pipe as well.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator

from orchestration.process.signals import exit_now, forces_exit, handled_signals

_SAME_SIGNAL_S = 0.2
"""Ignore repeats within this time: a process that is being forked delivers the same signal again."""
_CONTINUE = "all finished trials are kept; run the same command to continue"
AT_ONCE = f"stopped at once: {_CONTINUE}"
_TOO_LONG = f"stopped at once because a clean stop took too long: {_CONTINUE}"


@contextlib.contextmanager
def enforce_stop_deadline(seconds: float) -> Iterator[None]:
    """Inside this context a second signal exits at once, and so does the first one after ``seconds``.

    To be entered in the main thread.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    before = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(read_end, seconds), name="stop-deadline", daemon=True)
    watch.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        # The thread ends at the end of the pipe.
        os.close(write_end)
        watch.join()
        os.close(read_end)


def _watch(read_end: int, seconds: float) -> None:
    deadline: float | None = None
    second_from = 0.0
    while select.select([read_end], [], [], None if deadline is None else max(deadline - time.monotonic(), 0.0))[0]:
        if not (received := os.read(read_end, 64)):
            return
        handled = handled_signals()
        for number in received:
            if number not in handled:
                continue
            if deadline is None:
                second_from = time.monotonic() + _SAME_SIGNAL_S
                deadline = time.monotonic() + seconds
            elif forces_exit(number) and time.monotonic() > second_from:
                exit_now(AT_ONCE)
    exit_now(_TOO_LONG)
