"""Write a report to disk so that a reader never sees half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reports.analysis import analyse
from reports.details import ReadDetails, no_details
from reports.latex_tables import write_latex
from reports.markdown import render_markdown
from reports.record import RunRecord, StudyDescription
from reports.tables import write_tables


def write_report(
    study: StudyDescription, records: Sequence[RunRecord], directory: Path, read_details: ReadDetails = no_details
) -> Path:
    """Write ``report.md`` and ``tables/*.{csv,tex}`` below ``directory`` and return the path of the report.

    Everything is written into a temporary folder beside its place and renamed file by file, ``report.md`` last. Raises
    ValueError where records contradict each other (see :func:`reports.analysis.analyse`); nothing is written then.
    """
    report = analyse(study, records, read_details)
    text = render_markdown(report)
    tables = directory / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    target = directory / "report.md"
    with tempfile.TemporaryDirectory(prefix=".report-", dir=directory) as folder:
        drafts = Path(folder) / "tables"
        for path in (*write_tables(report, drafts), *write_latex(report, drafts)):
            os.replace(path, tables / path.name)
        draft = Path(folder) / target.name
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, target)
    return target
