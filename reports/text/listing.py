"""Many names in one sentence: all of them, or what a reader can take in instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MOST_LISTED = 32


def list_names(names: Sequence[str], noun: str = "further arms") -> str:
    """``a, b, c``; of more than :data:`MOST_LISTED` names how many ``noun`` there are."""
    return ", ".join(names) if len(names) <= MOST_LISTED else f"{len(names)} {noun}"


def list_numbers(number_of: Mapping[str, float], digits: int) -> str:
    """``a 12, b 30``; of more than :data:`MOST_LISTED` arms the ends: ``from 12 (a) to 30 (b), 200 arms``.

    digits: significant ones.
    """
    if len(number_of) <= MOST_LISTED:
        return ", ".join(f"{name} {number:.{digits}g}" for name, number in number_of.items())
    least = min(number_of, key=lambda name: number_of[name])
    most = max(number_of, key=lambda name: number_of[name])
    ends = f"from {number_of[least]:.{digits}g} ({least}) to {number_of[most]:.{digits}g} ({most})"
    return f"{ends}, {len(number_of)} arms"
