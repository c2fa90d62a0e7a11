"""Small multiples: panels of equal size in rows, with room for a title above each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.drawing.style import INK, LINE, TEXT, WIDTH, blank, wrap

_BOLD = 1.13
"""How much wider bold letters run than :func:`reports.drawing.style.text_width` says."""


@dataclass(frozen=True)
class PanelGrid:
    """Sizes in inches. gap: between panels, (sideways, downwards), with the title of the lower one. left, bottom: for
    tick labels. title_size: points."""

    num_columns: int
    height: float
    gap: tuple[float, float] = (0.3, 0.5)
    left: float = 0.55
    bottom: float = 0.45
    top: float = 0.3
    right: float = 0.06
    title_size: float = TEXT


def panels(titles: Sequence[str], grid: PanelGrid) -> tuple[Figure, list[Axes]]:
    """A figure with one panel per title, row by row; a title too long for its panel takes two lines."""
    num_columns = min(grid.num_columns, len(titles))
    num_rows = -(-len(titles) // num_columns)
    width = (WIDTH - grid.left - grid.right - grid.gap[0] * (num_columns - 1)) / num_columns
    width = min(width, 2.2 * grid.height)
    words = [wrap(title, width / _BOLD, grid.title_size) for title in titles]
    extra = grid.title_size * LINE / 72 if any("\n" in title for title in words) else 0.0
    top, gap = grid.top + extra, grid.gap[1] + extra
    height = top + num_rows * grid.height + (num_rows - 1) * gap + grid.bottom
    figure = blank(height)
    found = []
    for place, title in enumerate(words):
        row, column = divmod(place, num_columns)
        x = grid.left + column * (width + grid.gap[0])
        y = height - top - grid.height - row * (grid.height + gap)
        axes = figure.add_axes((x / WIDTH, y / height, width / WIDTH, grid.height / height))
        axes.text(
            0.0,
            1.03,
            title,
            transform=axes.transAxes,
            color=INK,
            fontsize=grid.title_size,
            fontweight="bold",
            va="bottom",
            linespacing=LINE,
            parse_math=False,
        )
        found.append(axes)
    return figure, found
