"""Parallel coordinates: every search trial a line through the values that it tried."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREY, INK, LIGHT_PAGE, LINE, MUTED, ORANGE, SMALL, WIDTH, shorten, wrap
from reports.sections.hyperparameters.equal_epochs import describe_comparisons
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.parallel import BEST_SHARE, ParallelLines, parallel_lines
from reports.text.listing import list_names

NAME = "search-trials"

MOST_ARMS = 6


def parallel_plot(histories: Sequence[SearchHistory]) -> Plot | NoPlot:
    """The search trials, one panel per arm that was searched for itself."""
    found = parallel_lines(histories)
    if not found:
        reason = "no arm has three search trials with a value" if histories else "nothing was searched"
        return NoPlot(NAME, f"No parallel coordinates: {reason}.")
    shown, rest = found[:MOST_ARMS], found[MOST_ARMS:]
    told = "; ".join(
        f"{lines.arm}: {len(lines.ranks)} trials over {', '.join(axis.name for axis in lines.axes)}" for lines in shown
    )
    skipped = f" Not shown: {list_names([lines.arm for lines in rest])}." if rest else ""
    lost = sum(lines.num_without_value for lines in shown)
    failed = f" {lost} trials without a value have no line." if lost else ""
    comparison = describe_comparisons({history.arm: history.comparison for history in histories})
    compared = f" {comparison}" if comparison else ""
    others = f"; blue: the others of its best {BEST_SHARE:.0%}" if any(map(_has_others, shown)) else ""
    crowd = " Where these lines crowd together the best trials agree." if others else ""
    caption = (
        "Every line is one search trial; it crosses each axis at the value it tried, logarithms where the search drew "
        f"from them. Rightmost: its rank by {histories[0].objective.label} on validation within its search, best at "
        f"the top. Orange: the best trial of each search{others}.{crowd} Whether a parameter matters is asked under "
        "Sensitivity."
        f"{compared}{failed}{skipped}"
    )
    return Plot(
        name=NAME,
        title="Search trials in parallel coordinates",
        description=f"{told}.",
        caption=caption,
        draw=lambda: draw_parallel(shown),
    )


def _has_others(lines: ParallelLines) -> bool:
    """Whether there are lines among the best that are not the best of their search: of few trials there are none."""
    return bool((lines.is_best & (lines.ranks < 1)).any())


def draw_parallel(found: Sequence[ParallelLines]) -> Figure:
    """One panel per arm, below each other."""
    titles = [f"{lines.arm} ({len(lines.ranks)} trials, {lines.num_pruned} stopped early)" for lines in found]
    figure, places = panels(titles, PanelGrid(1, 1.9, gap=(0.0, 0.87), left=0.4, bottom=0.42))
    for axes, lines in zip(places, found, strict=True):
        box = axes.get_position()
        axes.set_position((box.x0, box.y0, 1 - 2 * box.x0, box.height))
        _draw_lines(axes, lines)
    return figure


def _draw_lines(axes: Axes, lines: ParallelLines) -> None:
    table = np.column_stack([lines.positions, lines.ranks])
    num_axes = table.shape[1]
    axes.set_xlim(-0.05, num_axes - 0.75)
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([])
    axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for values, rank, is_best in sorted(
        zip(table.tolist(), lines.ranks, lines.is_best, strict=True), key=lambda t: t[1]
    ):
        color, width, alpha = (GREY, 0.7, 0.45) if not is_best else (BLUE, 1.1, 0.85)
        if rank == 1:
            color, width, alpha = ORANGE, 1.5, 1.0
        axes.plot(range(num_axes), values, color=color, linewidth=width, alpha=alpha, marker=".", markersize=3)
    room = (WIDTH - 0.8) / num_axes
    names = [axis.name for axis in lines.axes]
    for place, name in enumerate([*names, "rank"]):
        axes.axvline(place, color=MUTED, linewidth=0.8, zorder=1)
        text = wrap(name, room, SMALL)
        axes.text(place, -0.08, text, color=INK, fontsize=SMALL, ha="center", va="top", linespacing=LINE)
    ticks = [*(axis.ticks for axis in lines.axes), ((0.0, "worst"), (1.0, "best"))]
    for place, labels in enumerate(ticks):
        for height, label in labels:
            text = shorten(label, room * 0.6, SMALL)
            ground = {"facecolor": LIGHT_PAGE, "edgecolor": "none", "pad": 1.0, "alpha": 0.8}
            axes.text(place + 0.03, height, text, color=INK, fontsize=SMALL, ha="left", va="center", bbox=ground)
