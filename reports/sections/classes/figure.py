"""The figure of confusions: a square per arm, a row per label; the darker a cell, the larger its share of the row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, FAINT, INK, MUTED, SMALL, shorten, text_width
from reports.sections.classes.confusion import Confusion
from reports.text.rounding import fixed

NAME = "confusion"

MOST_CLASSES = 12
MOST_PANELS = 6
_DARKEST = 0.65
"""Opacity of a share of one: letters in the page's ink stay readable on it, on a light page and on a dark one."""
_MOST_LEFT = 1.2
"""Inches for the names of the labels."""


def confusion_plot(confusions: Sequence[Confusion], names: Sequence[str]) -> Plot | NoPlot:
    """The figure of the first :data:`MOST_PANELS` of these arms, or why there is none."""
    if not confusions:
        return NoPlot(NAME, "No confusions: no completed run kept predictions.")
    if len(names) > MOST_CLASSES:
        return NoPlot(NAME, f"{len(names)} classes are too many for a picture; tables/confusion.csv has every cell.")
    shown = confusions[:MOST_PANELS]
    left_out = ""
    if len(confusions) > len(shown):
        left_out = f" Of {len(confusions)} arms, {len(shown)}; tables/confusion.csv has all."
    told = "; ".join(
        f"{confusion.label}: " + ", ".join(f"{name} {_percent(confusion.shares[k, k])}" for k, name in enumerate(names))
        for confusion in shown
    )
    caption = (
        "A row per label, a column per predicted class: per cent of the items of that label, mean over completed runs. "
        f"The diagonal is the recall of each class, UAR its mean.{left_out}"
    )
    return Plot(
        name=NAME,
        title="Which classes are taken for which",
        description=f"Share of each class that is recognised: {told}.",
        caption=caption,
        draw=lambda: draw_confusions(shown, names),
    )


def draw_confusions(confusions: Sequence[Confusion], names: Sequence[str]) -> Figure:
    """A panel per arm, all of them alike."""
    num_columns = 3 if len(names) <= 5 and len(confusions) > 2 else 2
    left = min(max(text_width(name, SMALL) for name in names), _MOST_LEFT) + 0.2
    size = 1.75 if num_columns == 3 else 2.5
    is_turned = _are_long(names, size)
    below = 0.8 if is_turned else 0.25
    grid = PanelGrid(num_columns, size, gap=(left + 0.15, 0.35 + below), left=left, bottom=below + 0.2)
    figure, places = panels([confusion.label for confusion in confusions], grid)
    for axes, confusion in zip(places, confusions, strict=True):
        _draw(axes, confusion, names, is_turned)
    return figure


def _are_long(names: Sequence[str], size: float) -> bool:
    """Whether names do not fit side by side below a panel of ``size`` inches."""
    return max(text_width(name, SMALL) for name in names) > 0.95 * size / len(names)


def _draw(axes: Axes, confusion: Confusion, names: Sequence[str], is_turned: bool) -> None:
    num_classes = len(names)
    shares = np.nan_to_num(confusion.shares, nan=0.0)
    for row in range(num_classes):
        for column in range(num_classes):
            share = float(shares[row, column])
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=BLUE, alpha=_DARKEST * share, linewidth=0))
            axes.text(
                column + 0.5,
                row + 0.5,
                _percent(confusion.shares[row, column]),
                ha="center",
                va="center",
                color=INK,
                fontsize=SMALL if num_classes <= 8 else SMALL - 1.5,
                fontweight="bold" if row == column else "normal",
            )
    for place in range(num_classes + 1):
        axes.plot([0, num_classes], [place, place], color=FAINT, linewidth=0.6, zorder=0.5)
        axes.plot([place, place], [0, num_classes], color=FAINT, linewidth=0.6, zorder=0.5)
    axes.set_xlim(0, num_classes)
    axes.set_ylim(num_classes, 0)
    short = [shorten(name, _MOST_LEFT, SMALL) for name in names]
    axes.set_xticks(
        np.arange(num_classes) + 0.5, short, rotation=40 if is_turned else 0, ha="right" if is_turned else "center"
    )
    axes.set_yticks(np.arange(num_classes) + 0.5, short)
    axes.tick_params(length=0, labelcolor=MUTED)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _percent(share: float) -> str:
    return "" if np.isnan(share) else fixed(100 * share, 0)
