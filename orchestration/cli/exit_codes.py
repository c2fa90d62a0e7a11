"""Exit codes, and bad input as clear lines: never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMPLETED = 0
SOME_FAILED = 1
CRASHED = 1
"""Of a server that had answered."""
BAD_INPUT = 2

MOST_LINES, LONGEST_LINE = 100, 2000
"""Of what is printed about one bad input."""


@contextmanager
def bad_input_exits() -> Iterator[None]:
    """Print what the user can correct to stderr, a line per problem, and exit with 2."""
    from dmd.errors import InputError
    from orchestration.driver.endings import DISK_ERRNOS
    from orchestration.ledger.errors import LedgerError
    from orchestration.process.errors import UsageError
    from search_spaces.terms.problems import SpaceErrors

    try:
        yield
    except (InputError, SpaceErrors, UsageError, LedgerError) as error:
        lines = str(error).split("\n")
        for line in lines[:MOST_LINES]:
            print_error(line)
        if len(lines) > MOST_LINES:
            print_error(f"and {len(lines) - MOST_LINES} more problems")
        sys.exit(BAD_INPUT)
    except OSError as error:
        if error.errno not in DISK_ERRNOS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        remedy = "all finished trials are kept: free some disk space and run the same command again"
        print_error(f"{where}{error.strerror}; {remedy}")
        sys.exit(BAD_INPUT)


def print_error(line: str) -> None:
    """One problem, on stderr."""
    print(f"error: {harmless(line)}", file=sys.stderr)


def harmless(text: str) -> str:
    """``text``, which has names and values out of files in it: at a length that can be read, and what would command a
    terminal written out."""
    shown = text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE // 2]} ... {text[-LONGEST_LINE // 2 :]}"
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in shown)
