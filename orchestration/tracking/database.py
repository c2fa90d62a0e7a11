"""Tracking addresses of databases, which MLflow opens in this process without a server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from orchestration.process.errors import UsageError
from orchestration.process.redaction import redacted_line, without_credentials

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""What MLflow keeps its tables in."""

_PATIENCE_S = 10
_REMEDIES = {"postgresql": "pip install 'dmd-search[postgres]' and write postgresql+psycopg://..."}


def is_database(uri: str) -> bool:
    """Whether ``uri`` names a database: ``postgresql://...``, ``postgresql+psycopg://...``, ``sqlite:///...``."""
    return _kind_of(uri) in _DATABASES


def file_of(uri: str) -> Path | None:
    """The file of a SQLite database as SQLAlchemy finds it; None for another address."""
    if _kind_of(uri) != "sqlite":
        return None
    from sqlalchemy.engine import make_url

    name = make_url(uri).database
    return Path(name) if name else None


def require_driver(uri: str | None) -> None:
    """Check a tracking address before a study starts: a wrong one would show only at its end.

    Raises:
        UsageError: ``uri`` is not an address, or a database whose driver is not installed.
    """
    if uri is None:
        return
    try:
        urlsplit(uri)
    except ValueError as error:
        raise UsageError(f"{without_credentials(uri)}: not an address ({error}); write http://HOST:PORT") from error
    if not is_database(uri):
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    target = without_credentials(uri)
    try:
        make_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        remedy = _REMEDIES.get(_kind_of(uri), "install it")
        raise UsageError(f"{target}: needs the package {error.name}; {remedy}") from error
    except NoSuchModuleError as error:
        raise UsageError(f"{target}: there is no such driver; write {_kind_of(uri)}://...") from error
    except (ArgumentError, ValueError) as error:
        raise UsageError(f"{target}: not the address of a database; write postgresql://HOST:5432/NAME") from error


def require_answer(uri: str) -> None:
    """Raise ConnectionError, one line, if ``uri`` is a database that refuses a connection now.

    MLflow would retry for 100 seconds first.
    """
    if not is_database(uri) or _kind_of(uri) == "sqlite":
        return
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import DBAPIError

    patience = {"connect_timeout": _PATIENCE_S} if _kind_of(uri) == "postgresql" else {}
    try:
        create_engine(uri, poolclass=NullPool, connect_args=patience).connect().close()
    except DBAPIError as error:
        raise ConnectionError(redacted_line(error.orig)) from error


def is_from_mlflow(error: Exception) -> bool:
    """Whether an error is the store's or the way to it; our own pass through."""
    return type(error).__module__.split(".")[0] in ("mlflow", "requests", "urllib3", "sqlalchemy") or isinstance(
        error, (ConnectionError, TimeoutError)
    )


def _kind_of(uri: str) -> str:
    return uri.partition("://")[0].partition("+")[0].lower()
