"""What can be wrong with a study's ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from orchestration.process.redaction import one_line


class LedgerError(Exception):
    """Base of what can be wrong with a study's ledger; each message is one line for the user."""


class LedgerDamaged(LedgerError):
    """A line before the last one is not what was written."""


class LedgerForeign(LedgerError):
    """A sound line holds what this version of the program does not write."""


class LedgerLocked(LedgerError):
    """Another driver works on this study."""


@contextlib.contextmanager
def wrap_format_errors(path: Path) -> Iterator[None]:
    """Convert errors from events with unexpected content into LedgerForeign.

    A valid checksum does not prove that this program wrote the line.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = one_line(f"{type(error).__name__}: {error}", 500)
        raise LedgerForeign(
            f"{path}: not what this version writes ({what}); use the version that ran the study, restore the file, or "
            "start again with --fresh"
        ) from error


def require_plain(path: Path) -> None:
    """Raise LedgerForeign for a pipe, a device or a directory: reading some of them never ends."""
    if path.exists() and not path.is_file():
        raise LedgerForeign(f"{path}: is no plain file; restore it, or start again with --fresh")
