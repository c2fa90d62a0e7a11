"""MLflow's UI on the store of one study: the process that serves it, on this machine alone, and it calls nobody."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.process.errors import UsageError
from orchestration.tracking.run_list import LOCAL_HOST, LOCAL_PORT
from orchestration.tracking.sqlite_store import STORE_FILE

_PORTS_TRIED = 20
_SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "PYTHONWARNINGS": "ignore",
    # Jobs are for language models; their eight processes cost more than the server, and outlive it.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@dataclass(frozen=True)
class UiServer:
    """How MLflow's UI is started so that it says nothing but errors.

    Attributes:
        command: program and arguments.
        directory: the study's, in which it is started: a path may have signs that an address of a database cannot.
        environment: of the process.
    """

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]


def ui_server(directory: Path, port: int) -> UiServer:
    """The server for the store in a study's ``directory``."""
    # One worker, as one person looks.
    options = ["--host", LOCAL_HOST, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    command = (sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", f"sqlite:///{STORE_FILE}", *options)
    return UiServer(command, directory.absolute(), os.environ | _SILENT)


def find_port(wanted: int | None) -> int:
    """A port of this machine where nothing listens: the one that is wanted, or the first from MLflow's usual one on.

    Raises UsageError if there is none.
    """
    tried = [wanted] if wanted is not None else list(range(LOCAL_PORT, LOCAL_PORT + _PORTS_TRIED))
    for port in tried:
        with socket.socket() as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                opened.bind((LOCAL_HOST, port))
            except (OSError, OverflowError):
                continue
            return port
    shown = f"port {tried[0]} is" if len(tried) == 1 else f"ports {tried[0]} to {tried[-1]} are"
    raise UsageError(f"{shown} in use or not allowed; name another one with --port")
