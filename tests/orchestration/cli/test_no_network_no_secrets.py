"""A running study listens to nobody else, calls nobody, and writes no secret that it was given."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.process.redaction import content_without_credentials, without_credentials
from tests.orchestration.command_line import command, run, write_space
from tests.orchestration.files_with_text import files_with
from tests.orchestration.open_sockets import Socket, sockets_of

CANARY = "canary7c1f"
SECRETS = {
    name: f"{CANARY}-{name}"
    for name in (
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "HF_TOKEN",
        "PGPASSWORD",
        "SOME_API_KEY",
    )
}
WATCHER = """
import os, sys
LOCAL = ("None", "", "localhost", "127.0.0.1", "::1")
def watch(event, arguments, path=os.environ["CALLS_FILE"]):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "::ffff:127.")):
            note(f"{event} {address}", path)
    elif event == "socket.getaddrinfo" and str(arguments[0]).strip("b'") not in LOCAL:
        note(f"{event} {arguments[:2]}", path)
def note(what, path):
    with open(path, "a") as file:
        file.write(f"{what} by {sys.argv[:2]}\\n")
sys.addaudithook(watch)
"""


@dataclass(frozen=True)
class Watched:
    """A study on Ray with MLflow. calls: what its Python processes asked of the network, a line each."""

    directory: Path
    printed: str
    sockets: frozenset[Socket]
    calls: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    root = tmp_path_factory.mktemp("watched")
    (root / "hook").mkdir()
    (root / "hook" / "sitecustomize.py").write_text(WATCHER)
    calls = root / "calls"
    # pytest and CI switch telemetry off by variables of their own: this needs processes without them.
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "OMP_NUM_THREADS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    paths = (str(root / "hook"), os.environ.get("PYTHONPATH", ""))
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "CALLS_FILE": str(calls), **SECRETS}
    space = write_space(root)
    arguments = command("dmd-search", "--space", str(space), "--out", str(root / "runs"), "--only", "ridge")
    sockets: set[Socket] = set()
    with (root / "printed").open("wb") as file:
        process = subprocess.Popen(arguments, env=environment, stdout=file, stderr=subprocess.STDOUT)
        while process.poll() is None:
            sockets |= sockets_of(process.pid)
            time.sleep(0.3)
    printed = (root / "printed").read_text()
    assert process.returncode == 0, printed
    return Watched(root / "runs", printed, frozenset(sockets), calls.read_text() if calls.exists() else "")


def test_everything_listens_on_loopback(watched: Watched) -> None:
    listening = [socket for socket in watched.sockets if socket.listens]
    assert {"gcs_server", "raylet"} <= {socket.program for socket in listening}
    assert [socket for socket in listening if not socket.is_local] == []


def test_nobody_outside_is_called(watched: Watched) -> None:
    assert [socket for socket in watched.sockets if not socket.listens and not socket.is_local] == []
    assert watched.calls == ""


def test_the_watcher_sees_a_call(tmp_path: Path) -> None:
    """Or the test above would show nothing."""
    (tmp_path / "sitecustomize.py").write_text(WATCHER)
    program = "import socket; s = socket.socket(); s.settimeout(0.01); s.connect(('192.0.2.1', 9))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "CALLS_FILE": str(tmp_path / "calls")}
    subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert "192.0.2.1" in (tmp_path / "calls").read_text()


def test_no_secret_of_the_environment_is_written_anywhere(watched: Watched) -> None:
    assert CANARY not in watched.printed
    assert files_with(CANARY, watched.directory) == []


@pytest.mark.parametrize("where", ["option", "space"])
def test_no_password_of_an_address_is_written_anywhere(tmp_path: Path, where: str) -> None:
    # Nothing listens at port 9 of loopback: the store is away, which is when libraries show its address.
    uri = f"http://{CANARY}user:{CANARY}word@127.0.0.1:9/?token={CANARY}"
    chosen = ["--tracking-uri", uri] if where == "option" else ["--set", f"tracking.uri={uri}"]
    space = str(write_space(tmp_path))
    arguments = ["--space", space, "--executor", "inline", "--out", str(tmp_path / "runs"), "--only", "ridge", *chosen]
    done = run("dmd-search", *arguments)
    assert done.returncode == 0, done.stderr
    assert "not yet in MLflow at http://127.0.0.1:9" in done.stderr
    assert "put it back in:\nthe same command: dmd-search" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert (tmp_path / "runs" / "small" / "logs" / "study.log").exists()
    assert files_with(CANARY, tmp_path / "runs") == []


def test_files_with_finds_what_is_hidden_in_a_database(tmp_path: Path) -> None:
    """Or the tests above would show nothing."""
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (?)", (CANARY,))
    database.close()
    assert files_with(CANARY, tmp_path) == ["a.db"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql+psycopg://u:p@db:5432/x?sslmode=require", "postgresql+psycopg://db:5432/x?sslmode=require"),
        ("postgresql://db/x?user=u&password=p&a=b", "postgresql://db/x?user=u&password=...&a=b"),
        ("at 'https://h/?api_key=k', and", "at 'https://h/?api_key=...', and"),
        ("ray://token@head:10001", "ray://head:10001"),
        ("Failed to parse: http://u:p/a?s#s@host:5000/api", "Failed to parse: http://host:5000/api"),
        ("http://host:5000/a@b and http://host:80?x=a@b", "http://host:5000/a@b and http://host:80?x=a@b"),
        ("postgresql://db/x?sslpassword=p&a=b", "postgresql://db/x?sslpassword=...&a=b"),
        ("https://b/x?sv=1&sig=s&X-Amz-Signature=t", "https://b/x?sv=1&sig=...&X-Amz-Signature=..."),
    ],
)
def test_credentials_are_left_out_of_addresses(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
    assert content_without_credentials({"tracking": {"uri": text}, "n": [1, text]}) == {
        "tracking": {"uri": shown},
        "n": [1, shown],
    }
