"""Entry points of the console scripts: they install signal handlers before they import anything that takes time."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from importlib import import_module
from types import FrameType

from orchestration.process.signals import Stopped, exit_now, handled_signals, ignore_signals, install_handlers


def run_program(module: str, line: str) -> None:
    """Run ``main`` of ``module``, which raises SystemExit. line: what a signal makes it say until it says otherwise."""
    # Python calls last what was registered first. Afterwards it would let a signal kill.
    atexit.register(ignore_signals)
    install_handlers(line)
    try:
        import_module(module).main()
    except Stopped as stopped:
        sys.stdout.flush()
        exit_now(str(stopped))
    except SystemExit as ended:
        _let_end(ended)
        raise


def search() -> None:
    """``dmd-search``."""
    run_program("orchestration.cli.search", "stopped before the study began")


def report() -> None:
    """``dmd-report``."""
    run_program("orchestration.cli.report", "stopped before the report was written")


def data() -> None:
    """``dmd-data``."""
    run_program("orchestration.cli.data", "stopped before it was done")


def predict() -> None:
    """``dmd-predict``."""
    run_program("orchestration.cli.predict", "stopped before the predictions were written")


def _let_end(ended: SystemExit) -> None:
    """Python takes down what was imported; a signal that comes meanwhile only makes that shorter."""
    code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)

    def leave(number: int, frame: FrameType | None) -> None:
        os._exit(code)

    sys.stdout.flush()
    for number in handled_signals():
        signal.signal(number, leave)
