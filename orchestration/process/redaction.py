"""One-line texts of errors, and texts without passwords: for messages, logs and stored files."""

from __future__ import annotations

import re
from typing import Any

_USER = re.compile(r"://[^/\s?#]*@")
# SQLAlchemy takes the password of a database as it stands, whatever signs are in it.
_DATABASE_USER = re.compile(r"(?i)\b((?:postgresql|mysql|mssql)(?:\+\w+)?://)[^\s:/@]*:[^\s'\"]*@")
# Elsewhere such a password makes an address that nobody understands, and an error message that shows it; what stands
# before the first slash may be a port.
_OTHER_USER = re.compile(r"\b([A-Za-z][\w+.-]*://)[^\s:/@]*:(?!\d{1,5}(?:[/?#\s'\"]|$))[^\s'\"]*@")
_SECRET = re.compile(r"(?i)([?&;][\w.-]*(?:passw|pwd|token|secret|key|sig|credential)[\w.-]*=)[^&;\s'\"]*")


def without_credentials(text: str) -> str:
    """``text`` with the user and password of every address in it left out, and passwords in what follows its ``?``."""
    for user in (_DATABASE_USER, _OTHER_USER):
        text = user.sub(r"\1", text)
    return _SECRET.sub(r"\1...", _USER.sub("://", text))


def one_line(text: object, limit: int | None = None) -> str:
    """``text``, mostly an error, in one line of at most ``limit`` characters; None: of any length."""
    return " ".join(str(text).split())[:limit]


def redacted_line(text: object, limit: int | None = None) -> str:
    """:func:`one_line` of ``text`` without the credentials in it, which are removed before the line is cut."""
    return without_credentials(one_line(text))[:limit]


def content_without_credentials(content: Any) -> Any:
    """JSON-like content with :func:`without_credentials` of every text in it."""
    if isinstance(content, str):
        return without_credentials(content)
    if isinstance(content, dict):
        return {key: content_without_credentials(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [content_without_credentials(value) for value in content]
    return content
