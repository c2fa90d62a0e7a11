"""A number of confirm seeds that is decided by a race: at least so many, at most so many, with looks in between."""

from __future__ import annotations

from dataclasses import dataclass

_SHARES = (0.4, 0.6, 0.8, 1.0)
"""Looks after the first, as shares of the most seeds: 8, 12, 16 and 20 of 20."""


@dataclass(frozen=True)
class SeedRange:
    """YAML form: ``{min: 5, max: 20}``."""

    least: int
    most: int

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of seeds at which the race is looked at: 5, 8, 12, 16, 20 for 5 to 20."""
        later = (round(share * self.most) for share in _SHARES)
        return (self.least, *dict.fromkeys(look for look in later if look > self.least))

    def declare(self) -> dict[str, int]:
        """The YAML form."""
        return {"min": self.least, "max": self.most}
