"""How long a clean stop may take, and who does not wait that long.

It waits for other processes, in calls that no signal interrupts: Python hears of those only afterwards, and of several
as one. So a thread listens as well.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator

from orchestration.process.signals import end_now, heard_signals, is_urgent

_ONE_S = 0.2
"""What comes so soon after a signal is the same: a child that is just being started hears and tells of it, too."""
_CONTINUE = "everything that had ended is kept; run the same command to continue"
AT_ONCE = f"stopped at once: {_CONTINUE}"
_TOO_LONG = f"stopped at once, for a clean stop took too long: {_CONTINUE}"


@contextlib.contextmanager
def stop_limit(seconds: float) -> Iterator[None]:
    """Meanwhile a second signal ends this program at once, and so does the first if the program is still here so many
    seconds later; for the main thread."""
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
    deadline: float | None = None
    second_from = 0.0
    while select.select([told], [], [], None if deadline is None else max(deadline - time.monotonic(), 0.0))[0]:
        if not (numbers := os.read(told, 64)):
            return
        for number in filter(heard_signals().__contains__, numbers):
            if deadline is None:
                second_from = time.monotonic() + _ONE_S
                deadline = time.monotonic() + seconds
            elif is_urgent(number) and time.monotonic() > second_from:
                end_now(AT_ONCE)
    end_now(_TOO_LONG)
