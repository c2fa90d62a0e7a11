"""What to expect of a row of the study that is run again alone, in words."""

from __future__ import annotations

from collections.abc import Iterator

from reports.report import Report


def alone_text(report: Report) -> str:
    """What stands above the commands that run one row alone: as much of it as applies to this study's search."""
    return " ".join(_sentences(report))


def _sentences(report: Report) -> Iterator[str]:
    yield "One row alone, in a directory of its own."
    search = report.study.search
    if search.get("scope") == "baseline":
        yield "An arm that takes over hyperparameters runs the search it takes them from first."
    same = "The same trials give the same numbers on the same machine"
    is_adaptive = bool(search) and report.hyperparameters.is_adaptive
    stops_trials = search.get("scheduler", "none") != "none"
    depends = [what for what, applies in (("proposes", is_adaptive), ("stops", stops_trials)) if applies]
    if not depends:
        yield f"{same}."
    else:
        yield (
            f"{same}; the search repeats exactly with one worker, while with several what it {' and '.join(depends)} "
            "depends on which trial ends first."
        )
