"""Reports: records of finished trials in, statistics, tables and figures out.

``analysis.py`` computes all values of a report, ``sections/`` has a folder for each section, ``output/`` writes
Markdown, HTML, CSV, LaTeX and figures, ``statistics/`` the estimates and tests. Reads records only: no Ray, no
MLflow, no torch. Read ``analysis.py`` first, then ``records/run_record.py``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.analysis import analyse
    from reports.output.write import write_report
    from reports.records.run_record import RunRecord
    from reports.records.study_description import StudyDescription
    from reports.report import Report

__all__ = ["Report", "RunRecord", "StudyDescription", "analyse", "write_report"]

_HOMES = {
    "Report": "reports.report",
    "RunRecord": "reports.records.run_record",
    "StudyDescription": "reports.records.study_description",
    "analyse": "reports.analysis",
    "write_report": "reports.output.write",
}
"""Name -> module. Names are imported on first use, so that importing one module does not import all."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
