"""The forest plot: every declared contrast with both intervals and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREY, MUTED, ORANGE, SMALL, TEXT, shorten, text_width
from reports.results.metrics import Metric
from reports.sections.ablation.interval_axes import Columns, draw_interval, head, interval_axes, number, write
from reports.sections.ablation.interval_rows import ContrastMark, contrast_marks
from reports.sections.ablation.values import ContrastRow
from reports.statistics.verdict import VerdictKind

NAME = "contrasts"

VERDICT_MARKS: Mapping[VerdictKind, tuple[str, str, bool]] = {
    "better": (BLUE, "D", True),
    "better here": (BLUE, "D", False),
    "worse": (ORANGE, "s", True),
    "worse here": (ORANGE, "s", False),
    "no difference shown": (GREY, "o", True),
    "no verdict": (GREY, "X", False),
    "too few to say": (GREY, "X", False),
}
"""Kind of verdict -> colour, marker, whether it is filled."""

CORRECTED_AWAY = " (Holm)"
"""Behind the verdict where an interval beside it leaves out zero, but not once all contrasts are allowed for."""

SHORT_WORDS: Mapping[VerdictKind, str] = {
    "better": "better",
    "better here": "better on these data",
    "worse": "worse",
    "worse here": "worse on these data",
    "no difference shown": "no difference shown",
    "no verdict": "no verdict",
    "too few to say": "too few runs to say",
}

MOST_ROWS = 40
"""In declared order: a choice by what was found would show more than there is."""

_MOST_LEFT = 2.6
_BOLD = 1.12
"""How much wider bold text is than what :func:`text_width` measures."""

_HEADING = "first − second (± rerun, ± new data)"  # noqa: RUF001 (a minus sign)


def contrast_plot(contrasts: Sequence[ContrastRow], metric: Metric, new_groups: str) -> Plot | NoPlot:
    """The forest plot of the declared contrasts.

    metric: the primary one. new_groups: what test items belong to; empty where nothing is asked about new ones.
    """
    every = contrast_marks(contrasts, metric)
    marks = every[:MOST_ROWS]
    if not any(mark.row.value is not None for mark in marks):
        reason = "no declared contrast has a complete pair of runs" if every else "no contrast was declared"
        return NoPlot(NAME, f"No forest plot: {reason}.")
    told = "; ".join(f"{mark.row.label} {mark.row.text}, {verdict_words(mark)}" for mark in marks)
    new = f"Line: for new {new_groups} (new data). " if new_groups else ""
    skipped = f" The first {len(marks)} of {len(every)}; all are in the table." if len(every) > len(marks) else ""
    shown = "Hollow diamond or square: shown with new seeds"
    if new_groups:
        shown = f"Filled diamond or square: shown with new seeds and for new {new_groups}; hollow: on these data only"
    holm = ""
    if any(mark.is_corrected_away for mark in marks):
        holm = (
            f"{CORRECTED_AWAY}: the interval is that of one contrast alone and leaves out zero; the verdict allows for "
            f"all {len(every)} and does not follow it."
        )
    better = "Right" if metric.higher_is_better else "Left"
    caption = (
        f"Difference in {metric.label}, first arm minus second. {better} of zero the first arm is "
        f"better. Pale band: 95% interval for new seeds on these data (rerun). {new}"
        f"{shown}; grey: not shown.{holm}{skipped}"
    )
    return Plot(
        name=NAME,
        title=f"Forest plot of the declared contrasts in {metric.label}",
        description=f"Difference (± rerun, ± new data) and verdict: {told}.",
        caption=caption,
        draw=lambda: draw_contrasts(marks, metric),
    )


def verdict_words(mark: ContrastMark) -> str:
    """``better on these data``; with :data:`CORRECTED_AWAY` where the interval beside it seems to say more."""
    return SHORT_WORDS[mark.kind] + (CORRECTED_AWAY if mark.is_corrected_away else "")


def draw_contrasts(marks: Sequence[ContrastMark], metric: Metric) -> Figure:
    """One row per contrast: what it isolates, its intervals, the numbers and the verdict."""
    is_long = any(text_width(mark.row.label) * _BOLD > _MOST_LEFT for mark in marks)
    size = SMALL if is_long else TEXT
    labels = [shorten(mark.row.label, _MOST_LEFT / _BOLD, size) for mark in marks]
    pairs = [shorten(mark.pair, _MOST_LEFT, SMALL) for mark in marks]
    widths = [text_width(label, size) * _BOLD for label in labels] + [text_width(pair, SMALL) for pair in pairs]
    right_words = [_HEADING, *(mark.row.text for mark in marks), *map(verdict_words, marks)]
    columns = Columns(max(widths) + 0.2, max(text_width(words, SMALL) for words in right_words) + 0.25)
    figure, axes = interval_axes([mark.row for mark in marks], columns, reference=0.0)
    right = figure.get_figwidth() - columns.right + 0.15
    for place, (mark, label, pair) in enumerate(zip(marks, labels, pairs, strict=True)):
        color, marker, is_filled = VERDICT_MARKS[mark.kind]
        draw_interval(axes=axes, place=place, row=mark.row, color=color, marker=marker, is_filled=is_filled)
        lift = 0.19 if pair else 0.0
        write(figure, axes, 0.0, -place + lift, label, size=size, weight="bold")
        write(figure, axes, 0.0, -place - 0.22, pair, color=MUTED, size=SMALL)
        write(figure, axes, right, -place + 0.19, number(mark.row.text), size=SMALL)
        write(figure, axes, right, -place - 0.22, verdict_words(mark), color=MUTED, size=SMALL)
    head(figure, axes, right, _HEADING)
    for side, align, name in ((0.0, "left", "← {} better"), (1.0, "right", "{} better →")):
        arm = "first" if (side == 1.0) == metric.higher_is_better else "second"
        axes.annotate(
            name.format(arm),
            (side, 1.0),
            (0, 10),
            "axes fraction",
            "offset points",
            color=MUTED,
            fontsize=SMALL,
            ha=align,
            va="center",
        )
    unit = f", {metric.unit}" if metric.unit else ""
    axes.set_xlabel(f"difference in {metric.label}{unit}")
    return figure
