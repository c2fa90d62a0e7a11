"""The SQLite store in a study's directory, created as a whole or not at all.

MLflow creates its tables in dozens of transactions over seconds. A process that is killed meanwhile would leave a store
that MLflow can neither use nor complete, so the store is created under another name and renamed.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from orchestration.ledger.errors import LedgerError
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.state import read_ledger_id
from orchestration.process.atomic_files import put_in_place
from orchestration.process.temporary import temporary_directory
from orchestration.tracking.delivery import connect
from orchestration.tracking.experiment import LEDGER_TAG

STORE_FILE = "mlflow.db"
ARTIFACTS = "artifacts"
"""Folder of a study's directory that has the artifacts of its runs."""
# In an address these begin something else, or stand for another sign; versions of SQLAlchemy differ in which.
_NOT_IN_ADDRESSES = re.compile(r"[?#%]")


def address_of(path: Path) -> str:
    """The address of the store in the file ``path``, to be shown. MLflow opens the one of :func:`opened_store`."""
    return f"sqlite:///{path.absolute()}"


def store_of(directory: Path, uri: str | None) -> str:
    """The address of a study's store: ``uri``, or SQLite in the study's ``directory``."""
    return uri or address_of(directory / STORE_FILE)


@contextlib.contextmanager
def opened_store(directory: Path, uri: str | None) -> Iterator[str]:
    """The address at which MLflow opens a study's store, valid inside this context; see :func:`store_of`."""
    if uri is not None:
        yield uri
        return
    with _plain_name(directory) as plain:
        yield address_of(plain / STORE_FILE)


def ui_command(directory: Path) -> str:
    """The shell command that shows the store in ``directory`` in a browser, wherever the directory was moved to."""
    return shlex.join(["dmd-search", "ui", str(directory)])


def make_own_store(directory: Path) -> None:
    """Create the store of a study in ``directory``, if it is missing. Raises what MLflow raises."""
    with _plain_name(directory) as plain:
        _make(plain)


def move_artifacts(directory: Path, before: str, now: str) -> None:
    """Update the store of a study that was moved or copied: MLflow stores absolute addresses of artifacts, and has no
    call to change them.

    Args:
        directory: the study's.
        before: address of its artifacts before the move.
        now: their address now.
    """
    with contextlib.closing(sqlite3.connect(directory / STORE_FILE)) as store, store:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            store.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column} || '/', 1, ?) = ?",
                (now, len(before) + 1, len(before) + 1, f"{before}/"),
            )


def follow_move(directory: Path) -> str | None:
    """Have the store in a study's directory find its artifacts where the directory is now. MLflow is not imported.

    Returns:
        One line if that cannot be written down, or None.
    """
    store, now = directory / STORE_FILE, (directory / ARTIFACTS).absolute().as_uri()
    try:
        ledger = read_ledger_id(directory / LEDGER_FILE)
        if ledger is None or not store.is_file():
            return None
        before = _artifacts_address(store, ledger)
        if before is not None and before.startswith("file:") and before != now:
            move_artifacts(directory, before, now)
    except (sqlite3.Error, OSError, LedgerError) as error:
        return f"{store}: files of runs may not be found, as the store cannot be told where they are now ({error})"
    return None


def _artifacts_address(store: Path, ledger: str) -> str | None:
    """Where the experiment of a ledger has its artifacts, by what the store says."""
    with contextlib.closing(sqlite3.connect(f"file:{quote(str(store.absolute()))}?mode=ro", uri=True)) as opened:
        found = opened.execute(
            "SELECT artifact_location FROM experiments JOIN experiment_tags USING (experiment_id) "
            "WHERE key = ? AND value = ?",
            (LEDGER_TAG, ledger),
        ).fetchone()
        return None if found is None else str(found[0])


@contextlib.contextmanager
def _plain_name(directory: Path) -> Iterator[Path]:
    """``directory``, or a link to it whose name has no special characters of an address."""
    if not _NOT_IN_ADDRESSES.search(str(directory.absolute())):
        yield directory
        return
    with temporary_directory("store-") as folder:
        link = folder / "study"
        link.symlink_to(directory.absolute())
        yield link


def _make(directory: Path) -> None:
    path = directory / STORE_FILE
    if path.exists():
        return
    unfinished = directory / f"{STORE_FILE}.new"
    unfinished.unlink(missing_ok=True)
    # The first question makes the tables.
    connect(address_of(unfinished)).search_experiments(max_results=1)
    put_in_place({unfinished: path})
