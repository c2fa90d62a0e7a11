"""Environment variables of MLflow: the user's for reaching a server stay, those that choose a store are removed.

``MLFLOW_TRACKING_URI`` and similar variables make every program of a shell write to one place. A study names its store
itself (``--tracking-uri``, ``tracking.uri``, or its own), so that the same command always continues the same study.
"""

from __future__ import annotations

import os
import re
import warnings

from orchestration.tracking.database import is_database

_OURS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # What is remembered as delivered must have arrived.
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    # Standard output is for our own results.
    "MLFLOW_SQLALCHEMYSTORE_ECHO": "false",
}
# A server that is away must be noticed in seconds: waiting is the writer's task. The user's own values stay.
_DEFAULTS = {
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_ELSEWHERE = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_TRACKING_DIR",
    "MLFLOW_REGISTRY_DIR",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_RUN_CONTEXT",
    "MLFLOW_ACTIVE_MODEL_ID",
)
# A server's own settings: they would turn a database that is opened here into another kind of store. A client of a
# server says with MLFLOW_WORKSPACE which part of it is meant.
_OF_SERVERS = re.compile(
    r"MLFLOW_(ENABLE_WORKSPACES|WORKSPACE.*|READ_REPLICA_.*|ARTIFACT_LOCATION_MAX_LENGTH|SQLALCHEMYSTORE_POOLCLASS)$"
)


def settle_environment(uri: str) -> None:
    """Prepare this process for a client of the store at ``uri``: environment variables, which MLflow reads at every
    call, and warnings."""
    # Deprecated calls inside MLflow do not concern the user.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(mlflow|sqlalchemy|alembic)\b")
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    if is_database(uri):
        for name in filter(_OF_SERVERS.match, list(os.environ)):
            del os.environ[name]
    os.environ.update(_OURS)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
