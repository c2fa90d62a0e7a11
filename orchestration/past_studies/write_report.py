"""Recorded studies to one report: from a directory, from several, from a server; merged or side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.progress import read_progress
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from orchestration.ledger.report_summary import write_summary
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.machine.processors import num_cpus
from orchestration.past_studies.merge import merge_studies
from orchestration.past_studies.merge_conflicts import find_merge_conflicts, group_mergeable
from orchestration.past_studies.written_report import WrittenReport
from orchestration.process.atomic_files import put_in_place
from orchestration.process.errors import UsageError
from orchestration.process.forked import map_forked
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.search.importance import importance_methods
from reports.analysis import analyse
from reports.in_turn import MapItems
from reports.output.write import report_files, write_files, write_side_by_side
from reports.report import Report
from reports.results.confirm_records import distinct_records
from reports.results.tabulate import tabulate_results
from reports.sections.model_inside.feature_maps import feature_maps

if TYPE_CHECKING:
    from search_spaces.design.contrasts import Methods

Item = TypeVar("Item")
Result = TypeVar("Result")

Layout = Literal["auto", "merge", "side-by-side"]
"""How several studies become one report; ``auto`` merges what may be merged and puts the rest side by side."""


def deliver_report(study_directory: StudyDirectory, answer: Sequence[str], uri: str | None) -> str | None:
    """Attach the written report to the study's run in MLflow.

    Args:
        study_directory: the study's.
        answer: of the report.
        uri: None for the store in the study's directory.

    Returns:
        One line saying why it could not be attached, or None. Nothing that goes wrong there may cost the user the
        report.
    """
    from orchestration.tracking.attach_report import attach_report
    from orchestration.tracking.sqlite_store import opened_store, store_of

    manifest = study_directory.read_manifest()
    assert manifest is not None, "a report was written from it"
    store = store_of(study_directory.path, uri)
    try:
        with opened_store(study_directory.path, uri) as address:
            attach_report(address, manifest.description, answer, study_directory.path)
    except Exception as error:
        # Before it is cut: half an address with a password is none any more.
        reason = redacted_line(error, 200)
        return (
            f"tracking: the report is not yet in MLflow at {without_credentials(store)} "
            f"({type(error).__name__}: {reason}); run the same command again to attach it"
        )
    return None


def on_all_processors(function: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
    """A :class:`reports.in_turn.MapItems`."""
    return map_forked(function, items, num_cpus())


def rebuild_report(study_directory: StudyDirectory, map_items: MapItems = on_all_processors) -> WrittenReport:
    """Write the report of what the ledger and the details of its trials hold; the same ones give the same bytes.

    Its summary is written beside it, for ``dmd-search list``.

    Args:
        study_directory: the study's.
        map_items: goes through the parts of the analysis that take long.

    Raises UsageError where there is no study.
    """
    # Before the records: a ledger that grows meanwhile has more than its summary tells.
    progress = read_progress(study_directory.path / LEDGER_FILE)
    report = _analyse(read_directory(study_directory.path), map_items)
    path = _write([report], study_directory.path)
    write_summary(study_directory.path, report.answer, progress)
    return WrittenReport(path, report.answer)


def look_ahead(study_directory: StudyDirectory, map_items: MapItems) -> None:
    """Do of a study that still runs what takes long in its report: what models show of every item.

    A ledger that grows meanwhile may end in half a line, and that is no news.
    """
    study = read_directory(study_directory.path, notify=lambda notice: None)
    results = tabulate_results(study.description, distinct_records(study.records))
    feature_maps(study.description, results, study.read_details, map_items)


def write_studies(studies: Sequence[RecordedStudy], directory: Path, methods: Methods, layout: Layout = "auto") -> Path:
    """Write one report and return the path of ``report.md``.

    Args:
        studies: what to report.
        directory: where to.
        methods: by name, for what their components are called where studies are merged.
        layout: whether studies are merged; under ``auto``, why some are not goes to stderr.

    Raises:
        UsageError: if studies should be merged that cannot be, if they contradict themselves or each other, or if the
            report cannot be written.
    """
    _refuse_repeated(studies)
    _refuse_foreign_place(studies, directory)
    if layout == "side-by-side":
        groups = [[study] for study in studies]
    elif layout == "merge":
        _require_mergeable(studies)
        groups = [list(studies)]
    else:
        groups = group_mergeable(studies)
        for other in groups[1:]:
            for conflict in find_merge_conflicts(groups[0][0], other[0]):
                print(f"not merged: {conflict}", file=sys.stderr)
    return _write([_analyse(merge_studies(group, methods)) for group in groups], directory)


def _write(reports: Sequence[Report], directory: Path) -> Path:
    """One report alone, several side by side."""
    try:
        if len(reports) == 1:
            return write_files(report_files(reports[0], on_all_processors), directory, put_in_place)
        return write_side_by_side(reports, directory, put_in_place)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise UsageError(f"{directory}: the report cannot be written: {error.strerror}{where}") from error


def _analyse(study: RecordedStudy, map_items: MapItems = on_all_processors) -> Report:
    try:
        return analyse(study.description, study.records, study.read_details, importance_methods(), map_items)
    except ValueError as error:
        raise UsageError(f"{study.origin}: what is recorded contradicts itself: {error}") from error


def _refuse_repeated(studies: Sequence[RecordedStudy]) -> None:
    origins = [study.origin for study in studies]
    repeated = dict.fromkeys(origin for origin in origins if origins.count(origin) > 1)
    if repeated:
        raise UsageError("\n".join(f"{origin}: given more than once; name each study once" for origin in repeated))


def _refuse_foreign_place(studies: Sequence[RecordedStudy], directory: Path) -> None:
    """A study's directory holds the report of that study, of it alone."""
    is_own = len(studies) == 1 and directory.resolve() == Path(studies[0].origin).resolve()
    if not is_own and StudyDirectory(directory).manifest_path.exists():
        raise UsageError(f"{directory}: holds a study, and its own report; choose another place with --out")


def _require_mergeable(studies: Sequence[RecordedStudy]) -> None:
    first, *others = studies
    conflicts = [conflict for other in others for conflict in find_merge_conflicts(first, other)]
    conflicts += [
        conflict
        for index, one in enumerate(others)
        for other in others[index + 1 :]
        for conflict in find_merge_conflicts(one, other)
        if not any(find_merge_conflicts(first, one)) and not any(find_merge_conflicts(first, other))
    ]
    if conflicts:
        raise UsageError("\n".join([*(f"cannot be merged: {text}" for text in conflicts), "use --side-by-side"]))
