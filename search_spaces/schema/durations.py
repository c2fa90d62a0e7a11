"""Durations and dates as people write them: ``90m``, ``1h30m``, ``2 d``; ``2026-10-01``, ``2026-10-01 18:00+02:00``."""

from __future__ import annotations

import datetime
import re

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhd])")
_LONGEST_S = 10 * 365 * 86400


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError with the rule and the value."""
    position, total = 0, 0.0
    while (part := _PART.match(text, position)) is not None:
        total += float(part.group(1)) * _UNITS_S[part.group(2)]
        position = part.end()
    if text[position:].strip() or not 0 < total <= _LONGEST_S:
        raise ValueError(f"must be a duration of up to ten years, as `90m`, `2h` or `1d 12h`, got {text[:60]!r}")
    return total


def parse_date(text: str) -> datetime.datetime:
    """A moment with its time zone: that of this machine where none is given; a date alone is its first moment.

    Raises ValueError with the rule and the value.
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo is not None else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"must be a date, as `2026-10-01`, `2026-10-01 18:00` or `2026-10-01 18:00+02:00`, got {text[:60]!r}"
        ) from None
