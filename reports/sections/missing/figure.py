"""The primary score over the share of modalities that are missing: one line per arm, its rerun interval as a band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import MARKERS, MUTED, SERIES, SMALL, WIDTH
from reports.results.highlighted_arms import HighlightedArms
from reports.sections.missing.text import value_text
from reports.sections.missing.values import MissingArm, MissingTable, rate_of

NAME = "missing-modalities"

_MOST_ARMS = len(SERIES)


def missing_plot(table: MissingTable | None, highlighted: HighlightedArms) -> Plot | NoPlot:
    """The curves of the first arms that are shown in detail. table: None where nothing was asked for."""
    if table is None or not table.rates:
        return NoPlot(NAME, "No curve over missing modalities: `confirm.missing` names no rates.")
    metric, rates = table.metrics[0], table.rates
    able = [arm for arm in table.arms if arm.arm in highlighted.names and len(_known(arm, table)) > 1]
    shown = able[:_MOST_ARMS]
    if not shown:
        return NoPlot(NAME, "No curve over missing modalities: no arm sees two modalities, or none has a score.")
    last = {arm.arm: arm.estimates[_known(arm, table)[-1]][metric.name] for arm in shown}
    told = "; ".join(
        f"{arm.label} from {value_text(arm.estimates[rates[0]][metric.name], metric)} to "
        f"{value_text(last[arm.arm], metric)}, {arm.counts.scored} runs"
        for arm in shown
    )
    rest = f" Drawn: {len(shown)} of {len(table.arms)} arms; the table has all." if len(shown) < len(table.arms) else ""
    dashed = "" if table.constant is None else " Dashed: the constant predictor, which looks at nothing."
    caption = (
        f"{metric.label} on the test part ({metric.better} is better) over the share of modalities "
        f"that are missing; bands: 95% rerun intervals.{dashed}{rest}"
    )
    return Plot(
        name=NAME,
        title=f"{metric.label} with modalities missing at random",
        description=f"{told}.",
        caption=caption,
        draw=lambda: draw_missing(table, shown),
    )


def draw_missing(table: MissingTable, arms: Sequence[MissingArm]) -> Figure:
    """Rates to the right, the score upwards."""
    metric = table.metrics[0]
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    if table.constant is not None:
        axes.axhline(table.constant, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
    for arm, color, marker in zip(arms, SERIES, MARKERS, strict=False):
        known = _known(arm, table)
        estimates = [arm.estimates[name][metric.name] for name in known]
        at = np.array([100 * rate_of(name) for name in known])
        values = np.array([estimate.value for estimate in estimates])
        width = np.array([estimate.half_width or 0.0 for estimate in estimates])
        axes.fill_between(at, values - width, values + width, color=color, alpha=0.18, linewidth=0)
        axes.plot(at, values, color=color, marker=marker, markersize=4, linewidth=1.4, label=arm.label)
    axes.set_xlabel("modalities missing in %")
    axes.set_ylabel(metric.heading)
    axes.grid(axis="y")
    axes.legend(frameon=False, fontsize=SMALL)
    return figure


def _known(arm: MissingArm, table: MissingTable) -> list[str]:
    return [name for name in table.rates if table.metrics[0].name in arm.estimates.get(name, {})]
