"""Exit codes, and bad input as clear lines: never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMPLETED = 0
SOME_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def bad_input_exits() -> Iterator[None]:
    """Print what the user can correct to stderr, a line per problem, and exit with 2."""
    from dmd.errors import InputError
    from orchestration.errors import UsageError
    from orchestration.executors.ray_cluster import ResourcesUnavailable
    from orchestration.ledger import LedgerError
    from search_spaces.problems import SpaceErrors

    try:
        yield
    except (InputError, SpaceErrors, UsageError, LedgerError, ResourcesUnavailable) as error:
        for line in str(error).split("\n"):
            print(f"error: {_harmless(line)}", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _harmless(text: str) -> str:
    """``text`` with what would command a terminal (names come from files) written out."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
