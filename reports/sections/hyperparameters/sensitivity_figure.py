"""Sensitivity curves: the effect of each searched parameter on the objective, with its simultaneous band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREY, MUTED, SMALL, shorten
from reports.results.highlighted_arms import HighlightedArms
from reports.sections.hyperparameters.sensitivity import EffectCurve, Sensitivity
from reports.sections.hyperparameters.values import Hyperparameters
from reports.text.rounding import compact, fixed, p_text

NAME = "sensitivity"

MOST_PANELS = 24

_COLUMNS = 4


def sensitivity_plot(section: Hyperparameters, highlighted: HighlightedArms) -> Plot | NoPlot:
    """The sensitivity curves, one row of panels per highlighted arm that was searched for itself."""
    usable = [sensitivity for sensitivity in section.sensitivity if sensitivity.curves]
    found = [sensitivity for sensitivity in usable if sensitivity.arm in highlighted.names] or usable
    if not found:
        refusals = [item.refusal for item in section.sensitivity if item.refusal]
        reason = refusals[0].rstrip(".") if refusals else "nothing was searched"
        return NoPlot(NAME, f"No sensitivity curves: {reason}.")
    metric = found[0].objective
    told = "; ".join(
        f"{item.arm}, {curve.parameter.name}: from {fixed(float(curve.effect.min()), metric.decimals)} to "
        f"{fixed(float(curve.effect.max()), metric.decimals)}, p if flat {p_text(curve.p_holm)} corrected"
        for item in found
        for curve in item.curves
    )
    lead = " The searcher looked at outcomes: a lead, not an estimate." if section.is_adaptive else ""
    compared = f" {comparison}" if (comparison := section.comparison) else ""
    num_panels = sum(len(item.curves) for item in found)
    skipped = f" The first {MOST_PANELS} of {num_panels}; all are in the table." if num_panels > MOST_PANELS else ""
    caption = (
        f"Effect on {metric.label} on validation against the arm's average trial, {metric.better} is better; band: 95% "
        "for the whole curve at once. Thick: values that may be the best one. p: of no effect, corrected over the "
        f"parameters of the arm.{compared}{lead}{skipped} {highlighted.selection}".rstrip()
    )
    return Plot(
        name=NAME,
        title=f"Sensitivity of {metric.label} on validation to the searched parameters",
        description=f"Effect against the arm's average trial: {told}.",
        caption=caption,
        draw=lambda: draw_sensitivity(found),
    )


def draw_sensitivity(found: Sequence[Sensitivity]) -> Figure:
    """One panel per parameter on a common vertical axis: flat means that the parameter does not matter."""
    has_arms = len(found) > 1
    shown = [(item.arm, curve) for item in found for curve in item.curves][:MOST_PANELS]
    titles = [f"{curve.parameter.name}, {arm}" if has_arms else curve.parameter.name for arm, curve in shown]
    figure, places = panels(titles, PanelGrid(_COLUMNS, 1.2, gap=(0.28, 0.62), title_size=SMALL))
    highs = [float((curve.effect + curve.half_width).max()) for _, curve in shown]
    lows = [float((curve.effect - curve.half_width).min()) for _, curve in shown]
    margin = 0.05 * (max(highs) - min(lows)) or 1.0
    for place, (axes, (_, curve)) in enumerate(zip(places, shown, strict=True)):
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        _draw_curve(axes, curve)
        axes.set_ylim(min(lows) - margin, max(highs) + margin)
        axes.grid(axis="y")
        axes.locator_params(axis="y", nbins=4)
        if place % _COLUMNS:
            axes.set_yticklabels([])
        words = f"p {p_text(curve.p_holm)}"
        axes.text(0.98, 0.97, words, transform=axes.transAxes, color=MUTED, fontsize=SMALL, ha="right", va="top")
    return figure


def _draw_curve(axes: Axes, curve: EffectCurve) -> None:
    low, high = curve.effect - curve.half_width, curve.effect + curve.half_width
    if curve.parameter.is_numeric:
        axes.fill_between(curve.units, low, high, color=GREY, alpha=0.3, linewidth=0)
        axes.plot(curve.units, curve.effect, color=BLUE, linewidth=1.0)
        best = np.where(curve.may_be_best, curve.effect, np.nan)
        axes.plot(curve.units, best, color=BLUE, linewidth=2.6, solid_capstyle="round")
        axes.set_xlim(0.0, 1.0)
        ends = [compact(curve.parameter.low), compact(curve.parameter.high)]
        axes.set_xticks([0.0, 1.0], ends)
        first, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")
        return
    places = np.arange(len(curve.units))
    axes.vlines(places, low, high, color=GREY, linewidth=1.2)
    for place, effect, is_best in zip(places, curve.effect, curve.may_be_best, strict=True):
        axes.plot([place], [effect], "o", color=BLUE, markersize=6 if is_best else 3.5)
    axes.set_xlim(-0.5, len(places) - 0.5)
    names = [shorten(compact(curve.parameter.from_unit(unit)), 1.3 / len(places), SMALL) for unit in curve.units]
    axes.set_xticks(places, names)
