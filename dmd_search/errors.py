"""One exception for whatever the user can correct."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dmd.errors import InputError
from orchestration.ledger.errors import LedgerError
from orchestration.process.errors import UsageError
from search_spaces.terms.problems import SpaceErrors


class StudyError(Exception):
    """Wrong input: the message is what the commands print, one line per problem."""


@contextmanager
def raising_study_errors() -> Iterator[None]:
    """Raise StudyError for what a command would refuse with exit code 2."""
    try:
        yield
    except (InputError, LedgerError, SpaceErrors, UsageError) as error:
        raise StudyError(str(error)) from error
