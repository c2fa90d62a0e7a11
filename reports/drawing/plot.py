"""What a report holds in the place of a figure: the figure, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A study runs without drawing anything, and reads values of sections.
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """One figure, not yet drawn.

    name: of the files ``figures/<name>.svg`` and ``.png``. title: what it is. description: what it shows, in words and
    numbers, for whoever does not see it. caption: how to read it, printed below it. draw: makes it; called with the
    style of :mod:`reports.drawing.style` in force.
    """

    name: str
    title: str
    description: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class NoPlot:
    """A figure that this study cannot have. reason: one sentence that says why, printed in its place."""

    name: str
    reason: str
