"""How every figure looks: colours, fonts, and axes with no more ink than they need.

The three inks (:data:`INK`, :data:`MUTED`, :data:`FAINT`) are for a light page; :mod:`reports.output.inline_svg` turns
them into variables of the page, so that text and axes follow its theme. The series colours stay as they are: each has
a contrast of at least 3:1 (WCAG 2.2, non-text contrast) with the light and with the dark page, and colour is never the
only difference between two things: markers, places or labels tell them apart as well.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

INK, MUTED, FAINT = "#1b1f24", "#626a73", "#d5d9de"

BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#1668d8", "#e06c00", "#2f9e76", "#8a45b0", "#c02a44", "#8b93a6"

SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)
"""Told apart with every common colour vision deficiency (Machado, Oliveira and Fernandes 2009); a test measures it."""

MARKERS = ("o", "s", "^", "D", "v", "P")

LIGHT_PAGE, DARK_PAGE = "#ffffff", "#15181c"

WIDTH = 7.4
"""Inches; at 9 points the text of a figure is about as large as that of the page around it."""

TEXT, SMALL = 9.0, 7.6

LINE = 1.15
"""Height of a line of text, in sizes of its letters."""

_SETTINGS: Mapping[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
    "svg.hashsalt": "dmd-search",  # ids that do not change from run to run
    "font.family": "DejaVu Sans",  # comes with matplotlib: the layout is the same on every machine
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "figure.facecolor": LIGHT_PAGE,
    "savefig.facecolor": LIGHT_PAGE,
    "axes.facecolor": "none",
    "figure.dpi": 72.0,
}


_BREAK = re.compile(r"\s+|(?<=[._/])(?=\w)")
"""Where a line may end: at a space, and within a name such as ``kernel.language`` or ``hetero_gd``."""


@contextmanager
def report_style() -> Iterator[None]:
    """Matplotlib's own defaults with this style on top, whatever a ``matplotlibrc`` says; undone afterwards.

    A script that the font lacks shows as boxes in the PNG; the SVG holds the text, for a viewer that has the font.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def blank(height: float, width: float = WIDTH) -> Figure:
    """An empty figure in inches; no global state of pyplot is touched."""
    return Figure(figsize=(width, height))


def bare(axes: Axes) -> None:
    """Take frame and ticks away: the axes are a place for marks and words."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def text_width(text: str, size: float = TEXT) -> float:
    """Inches that ``text`` takes at ``size`` points."""
    font = get_font(findfont("DejaVu Sans"))
    font.set_size(size, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64 / 72


def wrap(text: str, inches: float, size: float = TEXT) -> str:
    """``text`` in one line of ``inches`` or else in two, broken at a space or after a dot; what still is too long is
    cut. The first line takes as much as it holds."""
    if text_width(text, size) <= inches:
        return text
    breaks = [
        match.end() for match in _BREAK.finditer(text) if text_width(text[: match.end()].rstrip(), size) <= inches
    ]
    if not breaks:
        return shorten(text, inches, size)
    return f"{text[: breaks[-1]].rstrip()}\n{shorten(text[breaks[-1] :], inches, size)}"


def shorten(text: str, inches: float, size: float = TEXT) -> str:
    """``text`` cut to fit into ``inches``, with an ellipsis where something was cut."""
    if text_width(text, size) <= inches:
        return text
    kept = text
    while kept and text_width(f"{kept}…", size) > inches:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
