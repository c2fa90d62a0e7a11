"""Tuning curves: the best validation value after k search trials, one line per arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import MARKERS, MUTED, SERIES, SMALL, WIDTH, blank, shorten
from reports.sections.tuning.curves import NO_ORDER, TuningCurve
from reports.text.listing import list_names
from reports.text.rounding import fixed

NAME = "tuning-curves"

MOST_ARMS = len(SERIES)


def tuning_plot(curves: Sequence[TuningCurve], num_cells: int) -> Plot | NoPlot:
    """Tuning curves: with bands where trials are independent draws, else the curve alone. num_cells: of the study."""
    if not curves:
        return NoPlot(NAME, "No tuning curves: nothing was searched.")
    why_no_band = next((curve.why_no_band for curve in curves if curve.why_no_band), "")
    usable = [curve for curve in curves if np.isfinite(_values(curve)).any()]
    if not usable:
        return NoPlot(NAME, f"No tuning curves: {NO_ORDER}.")
    shown, rest = usable[:MOST_ARMS], usable[MOST_ARMS:]
    metric = shown[0].objective
    told = "; ".join(
        f"{curve.arm} {fixed(float(values[0]), metric.decimals)} after {first} trials, "
        f"{fixed(float(values[-1]), metric.decimals)} after {curve.budgets[-1]}"
        for curve in shown
        for values in [_values(curve)[np.isfinite(_values(curve))]]
        for first in [int(curve.budgets[np.isfinite(_values(curve))][0])]
    )
    what = (
        f"Best {metric.label} so far on validation in the order of asking. No band: {why_no_band}."
        if why_no_band
        else f"Typical (median) best {metric.label} on validation after k random trials; band: 95% whatever the "
        "distribution, for all k at once; where it runs out of the picture it is open."
    )
    is_one = num_cells == 1
    of_searches = "" if is_one else "Mean over the searches of an arm (one per fold). "
    compare = "Compare arms at equal k." if len(shown) > 1 else ""
    skipped = f" Not drawn: {list_names([curve.arm for curve in rest])}." if rest else ""
    return Plot(
        name=NAME,
        title=f"Tuning curves: best {metric.label} on validation after k search trials",
        description=f"{'Best' if is_one else 'Mean over cells'}: {told}.",
        caption=f"{what} {of_searches}{compare}{skipped}".rstrip(),
        draw=lambda: draw_tuning(shown),
    )


def _values(curve: TuningCurve) -> np.ndarray:
    """(K,) what is drawn: the typical best of independent trials, else the best so far."""
    return curve.observed if curve.why_no_band else curve.typical


def draw_tuning(curves: Sequence[TuningCurve]) -> Figure:
    """All arms in one picture, named at the end of their lines."""
    figure = blank(2.9)
    axes = figure.add_axes((0.55 / WIDTH, 0.16, (WIDTH - 2.3) / WIDTH, 0.78))
    ends = []
    for curve, color, marker in zip(curves, SERIES, MARKERS, strict=False):
        values = _values(curve)
        if not curve.why_no_band:
            axes.fill_between(curve.budgets, curve.low, curve.high, color=color, alpha=0.16, linewidth=0)
        axes.plot(curve.budgets, values, color=color, linewidth=1.6, marker=marker, markersize=3.5, markevery=0.12)
        ends.append((float(values[np.isfinite(values)][-1]), curve.arm, color))
    finite = np.concatenate([_values(curve)[np.isfinite(_values(curve))] for curve in curves])
    spread = float(finite.max() - finite.min()) or 0.1 * max(abs(float(finite.max())), 1.0)
    low, high = float(finite.min()) - 0.35 * spread, float(finite.max()) + 0.25 * spread
    axes.set_ylim(low, high)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("search trials (k)")
    axes.set_ylabel(f"best {curves[0].objective.label} on validation")
    last = max(int(curve.budgets[-1]) for curve in curves)
    axes.set_xlim(1 - 0.02 * last, last * 1.02)
    height = low
    for value, arm, color in sorted(ends):
        # Names keep their distance where lines end close together.
        height = max(value, height + 0.06 * (high - low))
        axes.plot([last * 1.035], [height], "s", color=color, markersize=4, clip_on=False)
        axes.text(last * 1.05, height, shorten(arm, 1.5, SMALL), color=MUTED, fontsize=SMALL, va="center")
    return figure
