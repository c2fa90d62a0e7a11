"""Write a report to disk so that a reader never sees half a file."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reports.analysis import analyse
from reports.drawing.render import Drawing
from reports.in_turn import MapItems, in_turn
from reports.output.directory_lock import UNFINISHED, directory_lock
from reports.output.html_page import render_page
from reports.output.rendered import RenderedReport, render_report
from reports.output.side_by_side import put_side_by_side
from reports.records.details import ReadDetails, no_details
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.report import Report
from reports.sections.hyperparameters.importance_method import ImportanceMethod
from reports.text.escape_markup import escape_markup

REPORT_FILE, PAGE_FILE = "report.md", "report.html"


PutInPlace = Callable[[Mapping[Path, Path]], None]
"""Gives finished files their names: from -> to, in order."""


def rename_all(places: Mapping[Path, Path]) -> None:
    """The :data:`PutInPlace` of whoever needs no more than whole files."""
    for unfinished, path in places.items():
        os.replace(unfinished, path)


def write_report(
    study: StudyDescription,
    records: Sequence[RunRecord],
    directory: Path,
    read_details: ReadDetails = no_details,
    importance_methods: Sequence[ImportanceMethod] = (),
) -> Path:
    """Write ``report.md``, ``report.html``, ``tables/*.{csv,tex,md}``, ``figures/*.{svg,png}`` and
    ``spaces_as_run/*.yaml`` below ``directory``.

    Returns the path of ``report.md``. Raises ValueError where records contradict each other (see
    :func:`reports.analysis.analyse`); nothing is written then.
    """
    report = analyse(study, records, read_details, importance_methods)
    return write_files(report_files(report), directory)


def write_side_by_side(reports: Sequence[Report], directory: Path, put: PutInPlace = rename_all) -> Path:
    """Write several reports as one, a section each, with a comparison before them
    (:mod:`reports.output.side_by_side`)."""
    title = " | ".join(dict.fromkeys(report.study.study for report in reports))
    return write_files(_files(title, put_side_by_side(reports)), directory, put)


def report_files(report: Report, map_items: MapItems = in_turn) -> Mapping[str, bytes]:
    """Path below the report's directory -> content of every file, those that refer to others after them.

    map_items: goes through the figures.
    """
    return _files(report.study.study, render_report(report, map_items))


def write_files(contents: Mapping[str, bytes], directory: Path, put: PutInPlace = rename_all) -> Path:
    """Write files below ``directory`` and return the path of ``report.md``.

    Everything is written into a temporary folder beside its place and put there file by file, in the given order.
    put: how; by default a killed writer, but not a power cut, leaves every file whole. Writers of the same directory
    take turns; what one that was killed has left is removed. Raises OSError, also where a folder of the report is a
    link to another place: a directory that was sent to somebody chooses no other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with directory_lock(directory), tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=directory) as folder:
        for place, content in enumerate(contents.values()):
            Path(folder, str(place)).write_bytes(content)
        targets = [directory / name for name in contents]
        for parent in dict.fromkeys(target.parent for target in targets):
            parent.mkdir(parents=True, exist_ok=True)
            if parent.is_symlink():
                raise OSError(errno.ELOOP, "it is a link to another place", str(parent))
        put({Path(folder, str(place)): target for place, target in enumerate(targets)})
    return directory / REPORT_FILE


def _files(title: str, rendered: RenderedReport) -> dict[str, bytes]:
    files = {f"tables/{name}": text.encode() for name, text in rendered.tables.items()}
    files |= {path: text.encode() for path, text in rendered.spaces.items()}
    files |= _figure_files(rendered.drawings)
    page = render_page(title, rendered.markdown, rendered.drawings, rendered.folded)
    return files | {PAGE_FILE: page.encode(), REPORT_FILE: escape_markup(rendered.markdown).encode()}


def _figure_files(drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    svgs = {f"figures/{drawing.name}.svg": drawing.svg.encode() for drawing in drawings.values()}
    return svgs | {f"figures/{drawing.name}.png": drawing.png for drawing in drawings.values()}
