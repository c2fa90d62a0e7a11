"""Rows of values with two nested intervals: what the forest plot and the ablation figure have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from reports.drawing.style import FAINT, INK, LIGHT_PAGE, MUTED, SMALL, TEXT, blank
from reports.sections.ablation.interval_rows import IntervalRow

ROW, TOP, BOTTOM = 0.40, 0.34, 0.52
"""Inches: height of a row, and what is kept free above and below the rows."""


_MOST_TICKS, _TICK_ROOM = 6, 0.55
"""Intervals between ticks of a wide axis, and the inches that one takes at least: a label of five figures and a gap."""

_MOST_WIDTHS = 3.0
"""How far the picture may reach beyond the values, in median widths of an interval."""


@dataclass(frozen=True)
class Columns:
    """Inches that words take to the left and to the right of the intervals."""

    left: float
    right: float


def interval_axes(rows: Sequence[IntervalRow], columns: Columns, reference: float | None) -> tuple[Figure, Axes]:
    """A figure with one line per row, the first at the top (row ``i`` at height ``-i``), and its axes.

    Args:
        rows: at least one.
        columns: inches that words take beside the intervals.
        reference: where a vertical line stands, in the unit of the rows; it is always within the picture. None: no
            line.
    """
    height = TOP + ROW * len(rows) + BOTTOM
    figure = blank(height)
    width = figure.get_figwidth()
    axes = figure.add_axes(
        (
            columns.left / width,
            BOTTOM / height,
            (width - columns.left - columns.right) / width,
            ROW * len(rows) / height,
        )
    )
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    axes.set_xlim(*_limits(rows, reference))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.tick_params(axis="x", length=0)
    axes.locator_params(axis="x", nbins=_num_ticks(figure, axes))
    for place in range(1, len(rows)):
        axes.axhline(0.5 - place, color=FAINT, linewidth=0.6)
    if reference is not None:
        axes.axvline(reference, color=MUTED, linewidth=1.0)
    return figure, axes


def _num_ticks(figure: Figure, axes: Axes) -> int:
    """How many intervals between ticks leave every label room beside its neighbours."""
    inches = axes.get_position().width * figure.get_figwidth()
    return max(1, min(_MOST_TICKS, int(inches / _TICK_ROOM)))


def draw_interval(axes: Axes, place: int, row: IntervalRow, color: str, marker: str, is_filled: bool) -> None:
    """One row: a pale band for the rerun interval, a thin line with ends for the new-data interval, a marker.

    Either may be the longer one; the line stays visible on the band. An arrow head in the place of an end says that the
    interval goes on beyond the picture.

    Args:
        axes: as :func:`interval_axes` made them.
        place: index of the row, from the top.
        row: what is drawn.
        color: of band, line and marker.
        marker: its shape, as Matplotlib names it.
        is_filled: whether the marker is filled or hollow.
    """
    if row.value is None:
        return
    height = -place
    low, high = axes.get_xlim()
    if row.rerun is not None:
        axes.plot(row.rerun, [height] * 2, color=color, alpha=0.38, linewidth=8.5, solid_capstyle="butt", zorder=3)
    if row.new_data is not None:
        axes.plot(row.new_data, [height] * 2, color=color, linewidth=1.3, solid_capstyle="butt", zorder=4)
        for end, edge, arrow in zip(row.new_data, (low, high), ("<", ">"), strict=True):
            is_beyond = (end < low) if arrow == "<" else (end > high)
            at, kind = (edge, arrow) if is_beyond else (end, "|")
            axes.plot([at], [height], kind, color=color, markersize=7, markeredgewidth=1.3, zorder=4, clip_on=False)
    face = color if is_filled else LIGHT_PAGE
    axes.plot(
        [row.value], [height], marker, markersize=6.5, color=color, markerfacecolor=face, markeredgewidth=1.3, zorder=5
    )


def write(
    figure: Figure,
    axes: Axes,
    inches: float,
    height: float,
    text: str,
    *,
    color: str = INK,
    size: float = TEXT,
    weight: str = "normal",
    align: str = "left",
    vertical: str = "center",
) -> None:
    """Words at a place of the figure.

    Args:
        figure, axes: as :func:`interval_axes` made them.
        inches: from the left edge of the figure.
        height: in the axes' data: row ``i`` is at ``-i``.
        text: the words.
        color: as Matplotlib names it.
        size: in points.
        weight: as Matplotlib names it.
        align, vertical: where the words stand relative to the place, as Matplotlib names it.
    """
    transform = blended_transform_factory(figure.dpi_scale_trans, axes.transData)
    axes.text(
        inches,
        height,
        text,
        transform=transform,
        color=color,
        fontsize=size,
        fontweight=weight,
        ha=align,
        va=vertical,
        clip_on=False,
        parse_math=False,
    )


def number(text: str) -> str:
    """A number with a minus sign in the place of its hyphen, as axes have it."""
    return text.replace("-", "\N{MINUS SIGN}")


def head(figure: Figure, axes: Axes, inches: float, text: str, align: str = "left") -> None:
    """A column's heading above the first row.

    Args:
        figure, axes: as :func:`interval_axes` made them.
        inches: from the left edge of the figure.
        text: the heading.
        align: where it stands relative to ``inches``, as Matplotlib names it.
    """
    write(figure, axes, inches, 0.5 + 0.14 / ROW, text, color=MUTED, size=SMALL, align=align)


def _limits(rows: Sequence[IntervalRow], reference: float | None) -> tuple[float, float]:
    """What holds all values and intervals, but for intervals that would squeeze the others to a dot."""
    inner = [reference] if reference is not None else []
    inner += [row.value for row in rows if row.value is not None]
    if not inner:
        return 0.0, 1.0
    intervals = [interval for row in rows for interval in (row.rerun, row.new_data) if interval is not None]
    widths = [high - low for low, high in intervals if high > low]
    room = _MOST_WIDTHS * float(np.median(widths)) if widths else 0.0
    ends = [end for interval in intervals for end in interval]
    low = min([*inner, *(max(end, min(inner) - room) for end in ends)])
    high = max([*inner, *(min(end, max(inner) + room) for end in ends)])
    margin = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - margin, high + margin
