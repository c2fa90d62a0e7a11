"""Passwords stay out of what is printed and stored."""

from __future__ import annotations

import re
from typing import Any

_USER = re.compile(r"://[^/\s?#]*@")
# SQLAlchemy takes the password of a database as it stands, whatever signs are in it.
_DATABASE_USER = re.compile(r"(?i)\b((?:postgresql|mysql|mssql)(?:\+\w+)?://)[^\s:/@]*:[^\s'\"]*@")
_SECRET = re.compile(r"(?i)([?&;](?:password|passwd|pwd|token|secret|api_?key|access_?key)=)[^&;\s'\"]*")


def without_credentials(text: str) -> str:
    """``text`` with the user and password of every address in it left out, and passwords in what follows its ``?``."""
    return _SECRET.sub(r"\1...", _USER.sub("://", _DATABASE_USER.sub(r"\1", text)))


def content_without_credentials(content: Any) -> Any:
    """JSON-like content with :func:`without_credentials` of every text in it."""
    if isinstance(content, str):
        return without_credentials(content)
    if isinstance(content, dict):
        return {key: content_without_credentials(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [content_without_credentials(value) for value in content]
    return content
