"""The ablation figure: which components every arm has, and its mean with both intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, FAINT, GREY, MUTED, SMALL, TEXT, shorten, text_width
from reports.results.metrics import Metric
from reports.sections.ablation.component_ticks import Tick
from reports.sections.ablation.interval_axes import Columns, draw_interval, head, interval_axes, number, write
from reports.sections.ablation.interval_rows import ArmMark
from reports.text.rounding import count

NAME = "arms"

_MOST_LEFT = 2.2
_TICK = 0.52
"""Inches of a component's column."""


def arm_plot(
    marks: Sequence[ArmMark], components: Mapping[str, str], metric: Metric, selection: str, new_groups: str
) -> Plot | NoPlot:
    """The ablation figure.

    Args:
        marks: the arms to show.
        components: component -> its label, in display order.
        metric: the primary one.
        selection: which arms these are; empty where they are all.
        new_groups: what test items belong to; empty where nothing is asked about new ones.
    """
    if not any(mark.row.value is not None for mark in marks):
        return NoPlot(NAME, "No figure of the arms: no confirm run has ended.")
    told = "; ".join(f"{mark.row.label} {mark.row.text}, {count(mark.row.n, 'run')}" for mark in marks)
    new = f"Line: for new {new_groups} (new data). " if new_groups else ""
    has_baseline = any(mark.is_baseline and mark.row.value is not None for mark in marks)
    dashed = "; dashed: the baseline" if has_baseline else ""
    share = next((tick for mark in marks for tick in mark.ticks.values() if tick.varies), None)
    shares = "" if share is None else f"{share.num_on}/{share.num_cells}: the component is on in so many cells. "
    whose = "the arms shown in detail" if selection else "every arm"
    caption = (
        f"Mean {metric.label} of {whose}, {metric.better} is better{dashed}. Pale band: 95% interval for new "
        f"seeds on these data (rerun). {new}What arms differ "
        f"by is judged on paired differences, not on whether these bars overlap. {shares}{selection}".rstrip()
    )
    return Plot(
        name=NAME,
        title=f"Mean {metric.label} of {whose}",
        description=f"Mean (± rerun, ± new data): {told}.",
        caption=caption,
        draw=lambda: draw_arms(marks, components, metric),
    )


def draw_arms(marks: Sequence[ArmMark], components: Mapping[str, str], metric: Metric) -> Figure:
    """One row per arm: a filled dot for every component that it has, a hollow one for what it lacks, and in how many
    cells it has one that their searches chose."""
    labels = [shorten(mark.row.label, _MOST_LEFT) for mark in marks]
    dots = max(text_width(label) for label in labels) + 0.45
    texts = [text_width(mark.row.text, SMALL) for mark in marks]
    columns = Columns(dots + _TICK * len(components), max(texts) + 0.55)
    baseline = next((mark.row.value for mark in marks if mark.is_baseline), None)
    figure, axes = interval_axes([mark.row for mark in marks], columns, reference=None)
    if baseline is not None:
        axes.axvline(baseline, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    right = figure.get_figwidth()
    for place, (mark, label) in enumerate(zip(marks, labels, strict=True)):
        draw_interval(
            axes=axes, place=place, row=mark.row, color=BLUE if mark.is_baseline else GREY, marker="o", is_filled=True
        )
        write(figure, axes, 0.0, -place, label, size=TEXT, weight="bold" if mark.is_baseline else "normal")
        for column, name in enumerate(components):
            if name in mark.ticks:
                _draw_tick(figure, axes, dots + _TICK * column, place, mark.ticks[name])
        write(figure, axes, right - 0.4, -place, number(mark.row.text), size=SMALL, align="right")
        write(figure, axes, right, -place, str(mark.row.n), color=MUTED, size=SMALL, align="right")
    for column, component in enumerate(components.values()):
        head(figure, axes, dots + _TICK * column, component, align="center")
    head(figure, axes, right - 0.4, "mean (± rerun, ± new data)", align="right")
    head(figure, axes, right, "runs", align="right")
    unit = f", {metric.unit}" if metric.unit else ""
    axes.set_xlabel(f"{metric.label}{unit}")
    return figure


def _draw_tick(figure: Figure, axes: Axes, inches: float, place: int, tick: Tick) -> None:
    if tick.varies:
        write(figure, axes, inches, -place, f"{tick.num_on}/{tick.num_cells}", size=SMALL, align="center")
        return
    is_on = tick.is_everywhere
    transform = blended_transform_factory(figure.dpi_scale_trans, axes.transData)
    color = MUTED if is_on else FAINT
    face = MUTED if is_on else "none"
    axes.plot(
        [inches], [-place], "o", markersize=7, color=color, markerfacecolor=face, transform=transform, clip_on=False
    )
