"""A PostgreSQL server of a test's own, gone at its end: Debian's package, also where it is not on the path."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

USER = "team"
# As long as the real ones are, and with signs that an address has to write in another way.
PASSWORD = "canary7c1f:/@9"
_DEBIAN = Path("/usr/lib/postgresql")
_START_S = 60.0


@dataclass(frozen=True)
class PostgresServer:
    """A server on loopback that asks everybody for a password."""

    port: int

    def make_database(self, name: str) -> str:
        """The address of a new database, with the password."""
        with self._connect("postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def ask(self, database: str, query: str) -> list[tuple[object, ...]]:
        """The rows that a query gives."""
        with self._connect(database) as connection:
            return connection.execute(query).fetchall()

    def _connect(self, database: str, autocommit: bool = False) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=autocommit
        )


def find_binaries() -> Path | None:
    """Where ``initdb`` and ``postgres`` are: on the path, or where Debian puts them; None: not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(_DEBIAN.glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def postgres_server(binaries: Path, port: int) -> Iterator[PostgresServer]:
    """Start a server and wait until it answers. It refuses to run as root: then it runs as whoever may do little."""
    account = _account()
    # Not below pytest's own directory, which is closed to every other account.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        secret = home / "password"
        secret.write_text(PASSWORD)
        if account is not None:
            for path in (home, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run([binaries / "initdb", "-D", home / "data", "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-N"])
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (home / "log").open("wb") as log:
            arguments = [binaries / "postgres", "-D", home / "data", *options]
            process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd="/", **_as(account))
            try:
                server = PostgresServer(port)
                _wait_for(server, process, home / "log")
                yield server
            finally:
                process.terminate()
                process.wait()
    finally:
        shutil.rmtree(home)


def _account() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(arguments: list[object]) -> None:
    done = subprocess.run(
        [str(argument) for argument in arguments], cwd="/", capture_output=True, text=True, **_as(_account())
    )
    assert done.returncode == 0, done.stderr


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.ask("postgres", "SELECT 1")
            return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
