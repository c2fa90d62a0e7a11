"""Durations as people say them: ``45 s``, ``2 min 40 s``, ``17 min``, ``2 h 5 min``, ``26 h``, ``3 d 4 h``.

Everything that the product prints of time goes through here. Two units at the most, the smaller one in steps that
keep about two digits; what was only estimated is coarser, and what somebody wrote down stays as exact as they wrote it.
"""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

_Steps = tuple[tuple[float, float], ...]
"""Below so many seconds, rounded to a multiple of so many."""

_LONG: _Steps = ((_HOUR, _MINUTE), (10 * _HOUR, 5 * _MINUTE), (10 * _DAY, _HOUR), (float("inf"), _DAY))
_MEASURED: _Steps = ((1, 0.01), (10, 0.1), (_MINUTE, 1), (10 * _MINUTE, 5), *_LONG)
_ESTIMATED: _Steps = ((10, 1), (_MINUTE, 5), (5 * _MINUTE, 30), *_LONG)

_PAIRS = (
    (_HOUR, "min", _MINUTE, "s", 1),
    (2 * _DAY, "h", _HOUR, "min", _MINUTE),
    (float("inf"), "d", _DAY, "h", _HOUR),
)
"""Below so many seconds, two units: name and seconds of each."""

_FEWEST_S = 0.0995
"""Less is said in milliseconds."""


def duration_text(seconds: float) -> str:
    """What was measured: ``34 ms``, ``2.5 s``, ``2 min 40 s``, ``17 min``, ``2 h 5 min``."""
    if 0 < seconds < _FEWEST_S:
        return f"{round(1000 * seconds)} ms" if seconds >= 0.0005 else "<1 ms"
    return _in_units(_round(seconds, _MEASURED))


def rough_duration_text(seconds: float) -> str:
    """What was estimated, without the word "about": ``1 s``, ``45 s``, ``2 min 30 s``, ``17 min``, ``2 h 5 min``."""
    return _in_units(_round(max(seconds, 1.0) if seconds > 0 else 0.0, _ESTIMATED))


def duration_range_text(low: float, high: float) -> str:
    """The ends of an estimate, in seconds: ``12 to 22 min``, ``45 s to 2 min``; one where they read the same."""
    first, last = rough_duration_text(low), rough_duration_text(high)
    if first == last:
        return last
    number, _, unit = first.partition(" ")
    return f"{number if last.split(' ')[1:] == [unit] else first} to {last}"


def estimated_duration_text(middle: float, low: float, high: float) -> str:
    """An estimate with its ends, in seconds: ``17 min (12 to 22 min)``; ``17 min`` where all three read the same."""
    expected, ends = rough_duration_text(middle), duration_range_text(low, high)
    return expected if ends == expected else f"{expected} ({ends})"


def exact_duration_text(seconds: float) -> str:
    """What somebody asked for, every unit of it: ``1 h 33 min``, ``1 d 12 h``, ``0.5 s``."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    if rest or not parts:
        parts.append(f"{rest:g} s")
    return " ".join(parts)


def held_time_text(middle: float, low: float, high: float, of: str) -> str:
    """An estimate of time times devices, in seconds: ``about 17 core-minutes (12 to 22)``, ``less than 1 GPU-minute``.

    of: what is held, ``core`` or ``GPU``.
    """
    if high < _MINUTE:
        return f"less than 1 {of}-minute"
    size, unit = (_HOUR, "hour") if middle >= _HOUR else (_MINUTE, "minute")
    number, first, last = (_two_digits(seconds / size) for seconds in (middle, low, high))
    ends = "" if first == last else f" ({first} to {last})"
    return f"about {number} {of}-{unit}{'' if number == '1' else 's'}{ends}"


def _round(seconds: float, steps: _Steps) -> float:
    step = next(step for below, step in steps if seconds < below)
    return round(round(seconds / step) * step, 2)


def _in_units(seconds: float) -> str:
    """Seconds that are rounded already, in the largest unit that fits and the one below it."""
    if seconds < _MINUTE:
        return f"{seconds:g} s"
    _, large, size, small, part = next(pair for pair in _PAIRS if seconds < pair[0])
    whole, rest = divmod(round(seconds), size)
    return f"{whole} {large} {rest // part} {small}" if rest >= part else f"{whole} {large}"


def _two_digits(number: float) -> str:
    """``0.3``, ``2.1``, ``17``, ``320``, ``1,400``: tenths below ten, then two digits."""
    if number < 9.95:
        return f"{number:.1f}".removesuffix(".0")
    return f"{int(float(f'{number:.2g}')):,}"
