"""One hopeless interval must not squeeze all others to a dot, and must not look as if it ended at the edge."""

from __future__ import annotations

import itertools

import pytest

from reports.drawing.style import WIDTH, report_style
from reports.sections.ablation.interval_axes import Columns, draw_interval, interval_axes
from reports.sections.ablation.interval_rows import IntervalRow


def row(value: float | None, half: float | None) -> IntervalRow:
    interval = None if value is None or half is None else (value - half, value + half)
    return IntervalRow("a", value, interval, interval, 3, "")


def test_the_axis_holds_everything_that_is_of_one_size() -> None:
    _, axes = interval_axes([row(0.1, 0.05), row(-0.2, 0.1)], Columns(1.0, 1.0), reference=0.0)
    low, high = axes.get_xlim()
    assert low < -0.3
    assert high > 0.15


def test_one_interval_of_another_size_is_cut_with_an_arrow() -> None:
    rows = [row(0.1, 0.05), row(-0.2, 0.1), row(0.0, 300_000.0)]
    _, axes = interval_axes(rows, Columns(1.0, 1.0), reference=0.0)
    low, high = axes.get_xlim()
    assert high - low < 2
    draw_interval(axes, 2, rows[2], "#000000", "o", True)
    markers = [(line.get_marker(), *line.get_xdata()) for line in axes.lines if line.get_marker() in ("<", ">", "|")]
    assert markers == [("<", pytest.approx(low)), (">", pytest.approx(high))]


@pytest.mark.parametrize("free", [0.9, 1.2, 1.8, 3.0, 6.0])
def test_labels_of_ticks_stand_apart_however_narrow_the_axis(free: float) -> None:
    with report_style():
        figure, axes = interval_axes([row(0.97, 0.13)], Columns(WIDTH - free, 0.0), reference=1.0)
        figure.draw_without_rendering()
        low, high = axes.get_xlim()
        shown = [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]
        assert shown
        boxes = [label.get_window_extent() for label in shown]
        assert all(left.x1 + 4 <= right.x0 for left, right in itertools.pairwise(boxes))


def test_without_any_value_there_is_an_empty_axis() -> None:
    _, axes = interval_axes([row(None, None)], Columns(1.0, 1.0), reference=None)
    assert axes.get_xlim() == (0.0, 1.0)
