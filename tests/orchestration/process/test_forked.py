"""Work shared among copies of this process: the same results in the same order, and what goes wrong is told."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading

from orchestration.process.forked import map_forked


def in_a_process_of_its_own(code: str) -> str:
    """What ``code`` prints, run where no other test has left a thread."""
    head = "import os, signal, time\nfrom orchestration.process.forked import map_forked\n"
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(code)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def test_results_are_in_the_order_of_the_items_and_come_from_copies() -> None:
    printed = in_a_process_of_its_own(
        """
        found = map_forked(lambda n: (time.sleep(0.05), n * n, os.getpid())[1:], list(range(7)), 3)
        print([square for square, _ in found], len({who for _, who in found}) > 1)
        """
    )
    assert printed == "[0, 1, 4, 9, 16, 25, 36] True\n"


def test_what_a_copy_raises_is_raised_here() -> None:
    printed = in_a_process_of_its_own(
        """
        parent = os.getpid()

        def work(n):
            time.sleep(0.05)
            if os.getpid() != parent:
                raise ValueError(f"item {n}")
            return n

        try:
            map_forked(work, [1, 2, 3, 4], 2)
        except ValueError as error:
            print("refused:", str(error)[:4])
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            print("no copy is left")
        """
    )
    assert printed == "refused: item\nno copy is left\n"


def test_a_copy_that_is_killed_is_told() -> None:
    printed = in_a_process_of_its_own(
        """
        parent = os.getpid()

        def work(n):
            time.sleep(0.05)
            if os.getpid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)
            return n

        try:
            map_forked(work, [1, 2, 3, 4], 2)
        except RuntimeError as error:
            print(error)
        """
    )
    assert printed == "a copy of this process that shared its work was killed\n"


def test_beside_another_thread_nothing_is_forked() -> None:
    ends = threading.Event()
    other = threading.Thread(target=ends.wait)
    other.start()
    try:
        assert map_forked(lambda n: (n, os.getpid()), [1, 2], 2) == [(1, os.getpid()), (2, os.getpid())]
    finally:
        ends.set()
        other.join()
