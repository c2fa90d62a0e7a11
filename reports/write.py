"""Write a report to disk so that a reader never sees half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.analysis import analyse
from reports.details import ReadDetails, no_details
from reports.figures.catalogue import plots_of
from reports.figures.plot import Plot
from reports.figures.render import Drawing, render
from reports.hyperparameters.importance import ImportanceMethod
from reports.latex_tables import latex_tables
from reports.markdown import render_markdown
from reports.page import render_page
from reports.record import RunRecord, StudyDescription
from reports.report import Report
from reports.tables import report_tables

REPORT_FILE, PAGE_FILE = "report.md", "report.html"


def write_report(
    study: StudyDescription,
    records: Sequence[RunRecord],
    directory: Path,
    read_details: ReadDetails = no_details,
    importance_methods: Sequence[ImportanceMethod] = (),
) -> Path:
    """Write ``report.md``, ``report.html``, ``tables/*.{csv,tex}`` and ``figures/*.{svg,png}`` below ``directory``.

    Returns the path of ``report.md``. Everything is written into a temporary folder beside its place and renamed file
    by file, the two reports last. Raises ValueError where records contradict each other (see
    :func:`reports.analysis.analyse`); nothing is written then.
    """
    contents = report_files(analyse(study, records, read_details, importance_methods))
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=directory) as folder:
        for place, content in enumerate(contents.values()):
            Path(folder, str(place)).write_bytes(content)
        for place, name in enumerate(contents):
            target = directory / name
            target.parent.mkdir(exist_ok=True)
            os.replace(Path(folder, str(place)), target)
    return directory / REPORT_FILE


def report_files(report: Report) -> Mapping[str, bytes]:
    """Path below the report's directory -> content of every file, those that refer to others after them."""
    drawings = {plot.name: render(plot) for plot in plots_of(report).values() if isinstance(plot, Plot)}
    markdown = render_markdown(report)
    texts = {f"tables/{table.name}.csv": table.to_csv() for table in report_tables(report)}
    texts |= {f"tables/{table.name}.tex": table.to_latex() for table in latex_tables(report)}
    files = {name: text.encode() for name, text in texts.items()} | _figure_files(drawings)
    page = render_page(report.study.study, markdown, drawings)
    return files | {PAGE_FILE: page.encode(), REPORT_FILE: markdown.encode()}


def _figure_files(drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    svgs = {f"figures/{drawing.name}.svg": drawing.svg.encode() for drawing in drawings.values()}
    return svgs | {f"figures/{drawing.name}.png": drawing.png for drawing in drawings.values()}
