"""Passwords stay out of what is printed and stored."""

from __future__ import annotations

import re


def without_credentials(text: str) -> str:
    """``text`` with the user and password of every address in it left out."""
    return re.sub(r"://[^/\s?#]*@", "://", text)
