"""A figure as the bytes of an SVG and of a PNG: same values, same bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass

from reports.drawing.plot import Plot
from reports.drawing.style import report_style

_PIXELS_PER_INCH = 160


@dataclass(frozen=True)
class Drawing:
    """A drawn figure with its words. svg: text of a whole SVG file on a light ground."""

    name: str
    title: str
    description: str
    svg: str
    png: bytes


def render(plot: Plot) -> Drawing:
    """Draw ``plot``. The date and the version of matplotlib stay out of the files."""
    with report_style():
        figure = plot.draw()
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Title": plot.title})
        figure.savefig(png, format="png", dpi=_PIXELS_PER_INCH, metadata={"Software": None})
    return Drawing(
        name=plot.name, title=plot.title, description=plot.description, svg=svg.getvalue(), png=png.getvalue()
    )
