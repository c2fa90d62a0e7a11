"""The SQLite store in a study's directory: there whole, or not at all.

MLflow makes its tables in dozens of steps, seconds long, of which SQLite takes each by itself. A process that is killed
meanwhile would leave a store that MLflow can neither use nor finish, so it is made beside its place and renamed.
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.tracking.delivery import connect

STORE_FILE = "mlflow.db"


def address_of(path: Path) -> str:
    """What MLflow calls the store in the file ``path``."""
    return f"sqlite:///{path.absolute()}"


def store_of(directory: Path, uri: str | None) -> str:
    """The address of a study's store: ``uri``, or SQLite in the study's ``directory``."""
    return uri or address_of(directory / STORE_FILE)


def make_own_store(directory: Path) -> None:
    """Make the store of a study in ``directory``, if it is not there. Raises what MLflow raises."""
    path = directory / STORE_FILE
    if path.exists():
        return
    unfinished = directory / f"{STORE_FILE}.new"
    unfinished.unlink(missing_ok=True)
    # The first question makes the tables.
    connect(address_of(unfinished)).search_experiments(max_results=1)
    os.replace(unfinished, path)
