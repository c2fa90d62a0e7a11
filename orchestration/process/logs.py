"""Logging: records of libraries go into ``logs/`` of the study, the terminal shows progress and results.

Only warnings of this program reach stderr. Records from before the study's directory is known are buffered and written
there once it is.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
from collections.abc import Iterator
from logging.handlers import MemoryHandler, RotatingFileHandler
from pathlib import Path

from orchestration.process.redaction import without_credentials

LOG_FILE = "study.log"
OWN_PACKAGES = ("dmd", "orchestration", "reports", "search_spaces")

_MOST_BYTES, _NUM_OLD = 5_000_000, 2
_MOST_EARLY = 10_000
_MOST_TAIL = 1_000_000
_PATTERNS = ("worker-*.out", "worker-*.err", "raylet.out", "raylet.err", "gcs_server.out", "gcs_server.err")


class _OwnWarnings(logging.Handler):
    """Prints warnings of this program to the current stderr, which a live display may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.split(".")[0] in OWN_PACKAGES:
            print(f"{record.levelname.lower()}: {without_credentials(record.getMessage())}", file=sys.stderr)


class _Discreet(logging.Formatter):
    """Removes passwords: libraries log the addresses of failed connections."""

    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


class _LogFile(RotatingFileHandler):
    """Drops records on a full disk, where ``logging`` itself would print a traceback to the terminal."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


def quiet_libraries() -> None:
    """Let nothing but warnings of this program reach the terminal; to be called once, when the program starts."""
    root = logging.getLogger()
    root.handlers = [_OwnWarnings(logging.WARNING), MemoryHandler(_MOST_EARLY, logging.CRITICAL + 1)]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)


def quiet_optuna() -> None:
    """Let Optuna log errors only; to be called once it is imported, before a study of its own is made."""
    logging.getLogger("optuna").setLevel(logging.ERROR)


@contextlib.contextmanager
def study_logs(directory: Path, name: str = LOG_FILE) -> Iterator[None]:
    """Write the records of this context, and those buffered before, to the file ``name`` in ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    file = _LogFile(directory / name, maxBytes=_MOST_BYTES, backupCount=_NUM_OLD, encoding="utf-8")
    file.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for early in [handler for handler in root.handlers if isinstance(handler, MemoryHandler)]:
        early.setTarget(file)
        early.flush()
        early.setTarget(None)
    root.addHandler(file)
    try:
        yield
    finally:
        root.removeHandler(file)
        file.close()


def hand_to_root(*names: str) -> None:
    """Let the named libraries log through the root logger only; their own handlers write to the terminal."""
    for name in names:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True


def collect_worker_logs(session: Path, target: Path) -> None:
    """Copy the ends of the logs of Ray's processes, unless empty, before their directory is removed.

    Args:
        session: Ray's directory of logs.
        target: where to copy them; made if there is anything to copy.
    """
    for pattern in _PATTERNS:
        for source in session.glob(pattern):
            # The first lines of a worker's files are markers of Ray's own.
            with contextlib.suppress(OSError):
                lines = source.read_bytes()[-_MOST_TAIL:].splitlines(keepends=True)
                said = [line for line in lines if not line.startswith(b":")]
                if said:
                    target.mkdir(parents=True, exist_ok=True)
                    (target / source.name).write_bytes(b"".join(said))
    with contextlib.suppress(OSError):
        if target.is_dir() and not any(target.iterdir()):
            shutil.rmtree(target)
