"""Which files hold a text that nobody should find."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def files_with(text: str, directory: Path) -> list[str]:
    """Files below ``directory`` that hold ``text``; a database as its dump as well."""
    found = []
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content.startswith(b"SQLite format 3"):
            database = sqlite3.connect(path)
            content += "\n".join(database.iterdump()).encode()
            database.close()
        if text.encode() in content:
            found.append(str(path.relative_to(directory)))
    return found
