"""A figure as Markdown refers to it: the picture with its caption, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.drawing.plot import NoPlot, Plot

LONGEST_ALTERNATIVE = 300


def refer_to_figures(plots: Iterable[Plot | NoPlot]) -> dict[str, str]:
    """Name of a figure -> its reference, for the template that shows it."""
    return {plot.name: figure_text(plot) for plot in plots}


def figure_text(plot: Plot | NoPlot) -> str:
    """The reference to a figure and its caption, or one line on why there is none."""
    if isinstance(plot, NoPlot):
        return f"*{literal(plot.reason)}*"
    alternative = literal(f"{plot.title}. {shortened(plot.description)}")
    return f"![{alternative}](figures/{plot.name}.svg)\n\n*{literal(plot.caption)}*"


def shortened(text: str) -> str:
    """Whole clauses of ``text``, at most :data:`LONGEST_ALTERNATIVE` characters: the source of a report is read too.

    The HTML page has the description whole.
    """
    if len(text) <= LONGEST_ALTERNATIVE:
        return text
    kept = text[:LONGEST_ALTERNATIVE].rpartition(";")[0] or text[:LONGEST_ALTERNATIVE].rpartition(" ")[0]
    return f"{kept}; and so on"


def literal(text: str) -> str:
    """``text`` as Markdown that shows it letter by letter, whatever a name in it contains."""
    return re.sub(r"([\\`*_\[\]<>&!~])", r"\\\1", " ".join(text.split()))
