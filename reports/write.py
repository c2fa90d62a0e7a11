"""Write a report to disk so that a reader never sees half a file."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.analysis import analyse
from reports.details import ReadDetails, no_details
from reports.figures.render import Drawing
from reports.hyperparameters.importance import ImportanceMethod
from reports.page import render_page
from reports.record import RunRecord, StudyDescription
from reports.rendered import RenderedReport, render_report
from reports.report import Report
from reports.side_by_side import put_side_by_side
from reports.stray_markup import disarm
from reports.turn import UNFINISHED, turn

REPORT_FILE, PAGE_FILE = "report.md", "report.html"


def write_report(
    study: StudyDescription,
    records: Sequence[RunRecord],
    directory: Path,
    read_details: ReadDetails = no_details,
    importance_methods: Sequence[ImportanceMethod] = (),
) -> Path:
    """Write ``report.md``, ``report.html``, ``tables/*.{csv,tex}`` and ``figures/*.{svg,png}`` below ``directory``.

    Returns the path of ``report.md``. Raises ValueError where records contradict each other (see
    :func:`reports.analysis.analyse`); nothing is written then.
    """
    report = analyse(study, records, read_details, importance_methods)
    return write_files(report_files(report), directory)


def write_side_by_side(reports: Sequence[Report], directory: Path) -> Path:
    """Write several reports as one, a section each, with a comparison before them (:mod:`reports.side_by_side`)."""
    title = " | ".join(dict.fromkeys(report.study.study for report in reports))
    return write_files(_files(title, put_side_by_side(reports)), directory)


def report_files(report: Report) -> Mapping[str, bytes]:
    """Path below the report's directory -> content of every file, those that refer to others after them."""
    return _files(report.study.study, render_report(report))


def write_files(contents: Mapping[str, bytes], directory: Path) -> Path:
    """Write files below ``directory`` and return the path of ``report.md``.

    Everything is written into a temporary folder beside its place and renamed file by file, in the given order. Writers
    of the same directory take turns; what one that was killed has left is removed. Raises OSError, also where a folder
    of the report is a link to another place: a directory that was sent to somebody chooses no other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with turn(directory), tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=directory) as folder:
        for place, content in enumerate(contents.values()):
            Path(folder, str(place)).write_bytes(content)
        for place, name in enumerate(contents):
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent.is_symlink():
                raise OSError(errno.ELOOP, "it is a link to another place", str(target.parent))
            os.replace(Path(folder, str(place)), target)
    return directory / REPORT_FILE


def _files(title: str, rendered: RenderedReport) -> dict[str, bytes]:
    files = {f"tables/{name}": text.encode() for name, text in rendered.tables.items()}
    files |= _figure_files(rendered.drawings)
    page = render_page(title, rendered.markdown, rendered.drawings)
    return files | {PAGE_FILE: page.encode(), REPORT_FILE: disarm(rendered.markdown).encode()}


def _figure_files(drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    svgs = {f"figures/{drawing.name}.svg": drawing.svg.encode() for drawing in drawings.values()}
    return svgs | {f"figures/{drawing.name}.png": drawing.png for drawing in drawings.values()}
