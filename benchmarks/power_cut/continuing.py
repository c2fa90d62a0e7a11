"""What becomes of a state after a power cut: the study in it is opened, the same command continues it, and what it then
holds is compared with what it would hold had nothing happened.

Every state is looked at by a process of its own, forked from one that has everything imported: a fresh interpreter
would cost seconds. The writer to MLflow works in that process, not beside it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.audit import audit_planned
from benchmarks.crash.studies import Tables, comparable_rows
from benchmarks.power_cut.disk import Tree
from orchestration import launch as launching
from orchestration.launch import LaunchOptions
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.state import fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.planning.prepared import Prepared
from orchestration.tracking.protocol import Deadline, StudyStatus, no_deadline
from orchestration.tracking.read_studies import read_server
from orchestration.tracking.sqlite_store import address_of
from orchestration.tracking.writer_process import DriverMessages, Progress, Writer, WriterConfig
from reports.analysis import analyse
from reports.output.forms import report_tables
from reports.records.serialise import record_to_json

PATIENCE_S = 120


@dataclass(frozen=True)
class Finding:
    """lost: endings that were on disk and are not in the ledger, or trials that MLflow never got. doubled: trials that
    ended, or are in MLflow, more than once, and points there that are not those of the ledger. unreadable: why the
    study could not be opened, continued or read; empty if it could. tables: what the continued study reports."""

    lost: int = 0
    doubled: int = 0
    unreadable: str = ""
    tables: Tables = field(default_factory=dict)


class WriterHere:
    """In the place of :class:`orchestration.tracking.mlflow_tracker.MlflowTracker`: the writer, in this process."""

    notes = ()

    def __init__(self, ledger: Ledger, study: str, directory: Path, uri: str | None) -> None:
        directory = directory.absolute()
        logs = str(directory / "logs")
        self._ledger = ledger
        self._config = WriterConfig(study, str(directory), logs, uri, 0.0)

    def start(self) -> None:
        """Nothing: it writes at the end."""

    def wake(self) -> None:
        """Nothing: it writes at the end."""

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        def tell(progress: Progress) -> None:
            if progress.problem is not None:
                raise SystemExit(f"MLflow: {progress.problem}")

        Writer(self._config, DriverMessages(self._ledger.length, status), tell).run()
        return None


def look_at(tree: Tree, study: Path, acknowledged: Collection[str], prepared: Prepared) -> Finding:
    """Put ``tree`` where ``study`` (its directory) is, open it and continue it. acknowledged: trials whose endings were
    on disk when the power was cut."""
    shutil.rmtree(study.parent)
    study.parent.mkdir()
    for path, content in tree.items():
        place = study.parent / path
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content.data)
    return _in_child(lambda: _look(study, acknowledged, prepared))


def read_tables(study: Path) -> Tables:
    """The tables of results, as they would be written."""
    recorded = read_directory(study)
    report = analyse(recorded.description, recorded.records, recorded.read_details)
    texts = {f"{table.name}.csv": table.to_csv() for table in report_tables(report)}
    return {name: rows for name, text in texts.items() if (rows := comparable_rows(name, text)) is not None}


def _look(study: Path, acknowledged: Collection[str], prepared: Prepared) -> Finding:
    with Ledger(study) as ledger:
        told = fold_events(ledger.events()).ended
    lost = len(set(acknowledged) - set(told))
    vars(launching)["MlflowTracker"] = WriterHere
    outcome = launching.launch(
        prepared, StudyDirectory(study), LaunchOptions("inline", is_quiet=True, command="dmd-search")
    )
    if outcome.is_interrupted or outcome.num_failed:
        return Finding(lost, unreadable=f"it ends as {outcome}")
    found = audit_planned(study, prepared.planned, address_of(study / "mlflow.db"))
    here = read_directory(study)
    with read_server(address_of(study / "mlflow.db"), [study.name]) as (there,):
        apart = {record_text(record) for record in here.records} ^ {record_text(record) for record in there.records}
    problem = f"{len(apart)} records of MLflow are not the ledger's" if apart else ""
    return Finding(lost + found.lost, found.doubled + found.points_wrong, problem, read_tables(study))


def record_text(record: object) -> str:
    """Equal for equal records."""
    return str(record_to_json(record))  # type: ignore[arg-type]


def _in_child(look: Callable[[], Finding]) -> Finding:
    """What ``look`` finds in a forked process, whatever becomes of that."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as answer:
            pickle.dump(_guarded(look), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        content = answer.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(content) if content else Finding(unreadable=f"its process ended with status {status}")


def _guarded(look: Callable[[], Finding]) -> Finding:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE_S)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            return look()
        except (Exception, SystemExit) as error:
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            return Finding(unreadable=f"{type(error).__name__} in {Path(where.filename).name}: {error}")
