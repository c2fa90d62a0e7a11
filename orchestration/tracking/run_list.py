"""Where a study's runs can be looked at in MLflow's UI: the command that starts it, and the address of their list."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from orchestration.ledger.errors import LedgerError
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.state import read_ledger_id
from orchestration.tracking.experiment_page import list_address
from orchestration.tracking.position import POSITION_FILE
from orchestration.tracking.sqlite_store import STORE_FILE, ui_command

LOCAL_HOST, LOCAL_PORT = "127.0.0.1", 5000
"""Where MLflow listens unless it is told otherwise."""


@dataclass(frozen=True)
class RunList:
    """The list of a study's runs.

    Attributes:
        command: starts the UI; None for a server, which runs already.
        address: opens the list, or MLflow's first page where the study has no experiment yet.
    """

    command: str | None
    address: str


def find_run_list(directory: Path, port: int = LOCAL_PORT) -> RunList | None:
    """The list of runs of the study in ``directory``; None if nothing of it was tracked. Reads files only.

    A server is not asked, so of a study there the address is that of its first page.

    Args:
        directory: the study's.
        port: of this machine, where the UI is started.
    """
    local = f"http://{LOCAL_HOST}:{port}"
    store = directory / STORE_FILE
    if store.is_file():
        experiment = _find_experiment(store, directory / LEDGER_FILE)
        page = "" if experiment is None else list_address(str(experiment))
        return RunList(ui_command(directory), f"{local}/{page}")
    target = _tracked_at(directory)
    if target is None:
        return None
    if target.startswith(("http://", "https://")):
        return RunList(None, target)
    return RunList(f"mlflow ui --backend-store-uri {target}", local)


def _find_experiment(store: Path, ledger: Path) -> int | None:
    """MLflow's number of the experiment that is tagged with the ledger's id. The store is only read: MLflow itself
    would migrate an older one."""
    with contextlib.suppress(sqlite3.Error, OSError, LedgerError):
        address = f"file:{quote(str(store.absolute()))}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            found = connection.execute(
                "SELECT experiment_id FROM experiment_tags WHERE key = 'ledger' AND value = ?",
                (read_ledger_id(ledger),),
            ).fetchone()
            return None if found is None else int(found[0])
    return None


def _tracked_at(directory: Path) -> str | None:
    """The address that the study was delivered to, without credentials."""
    path = directory / POSITION_FILE
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["target"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
