"""Names out of stored files that become names of files here: they must not lead anywhere else."""

from __future__ import annotations

import re

from reports.records.stored_types import NotAsWritten

_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")


def require_plain_name(name: object, where: str) -> None:
    """Raise NotAsWritten unless ``name`` is letters, digits, dots, dashes and underscores, beginning with a letter or
    a digit: no such name is a path."""
    if not isinstance(name, str) or not _PLAIN.fullmatch(name):
        raise NotAsWritten(f"{where}: {str(name)[:60]!r} is no name that this program gives; the JSON was changed")
