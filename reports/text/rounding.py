"""Numbers rounded to their uncertainty.

The rule is the Particle Data Group's (*Review of Particle Physics*, introduction, section 5.3): if the three leading
digits of the half-width lie between 100 and 354, keep two digits, between 355 and 949 one, above that round up and keep
two; the value gets the same number of decimals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

MOST_DECIMALS = 4
ABSENT = "–"  # noqa: RUF001 (an en dash, as tables print it)


def decimals_for(half_widths: Iterable[float | None], default: int) -> int:
    """Decimals that the smallest positive half-width supports; ``default`` where there is none."""
    positive = [width for width in half_widths if width is not None and width > 0]
    if not positive:
        return default
    width = min(positive)
    exponent = math.floor(math.log10(width))
    leading = width / 10.0**exponent
    kept = 2 if leading < 3.545 else 1
    return max(0, min(MOST_DECIMALS, kept - 1 - exponent))


def fixed(value: float | None, decimals: int, signed: bool = False) -> str:
    """``value`` with so many decimals, never ``-0``; a dash for None."""
    if value is None or not math.isfinite(value):
        return ABSENT
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+.{decimals}f}" if signed and rounded != 0 else f"{rounded:.{decimals}f}"


def p_text(p: float | None) -> str:
    """A p-value with the digits that matter; never 0."""
    if p is None:
        return ABSENT
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def count(number: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def compact(value: object) -> str:
    """A parameter value: floats with three significant digits, booleans as yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
