"""A module of this program as a child process that answers on its standard output."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

from orchestration.process.signals import NOTICES, blocked_signals


def start_module(module: str, stderr: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` with pipes, unbuffered, to its standard input and output.

    It imports the modules of this process, and none from the directory in which that was started. This process alone
    handles Ctrl-C and the notices of batch systems.

    Args:
        module: its name.
        stderr: where its standard error goes; None: to that of this process.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with blocked_signals(*NOTICES):
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            start_new_session=True,
        )
