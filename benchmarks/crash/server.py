"""An MLflow server of our own behind a gate that can be slow, late or broken."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from benchmarks.crash.processes import descendants
from benchmarks.crash.session import wait_until

Weather = Literal["fair", "slow", "late", "broken"]
"""late: what is asked for is done, but when the answer comes nobody waits for it any more."""
SLOW_S, LATE_S = 0.5, 12.0


class TrackingServer:
    """``mlflow server`` on SQLite in ``folder``; ``uri`` leads through the gate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.gate = Gate(self._port)
        self.uri = self.gate.uri
        self.start()

    @property
    def store(self) -> str:
        return f"sqlite:///{self._folder / 'server.db'}"

    def start(self) -> None:
        # MLflow's server never removes the file by whose lock its processes take turns to make the tables.
        temporary = self._folder / "server-temporary"
        temporary.mkdir(exist_ok=True)
        arguments = ["--backend-store-uri", self.store, "--host", "127.0.0.1", "--port", str(self._port)]
        artifacts = ["--artifacts-destination", str(self._folder / "served"), "--workers", "1"]
        with (self._folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).parent / "mlflow"), "server", *arguments, *artifacts],
                stdout=log,
                stderr=log,
                env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "TMPDIR": str(temporary)},
            )
        wait_until(self._answers, self._process)

    def kill(self) -> None:
        """SIGKILL, to all of its processes."""
        if self._process is not None:
            for pid in [*descendants(self._process.pid), self._process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        self.gate.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Gate:
    """Passes requests on to ``port``, as the weather is."""

    def __init__(self, port: int) -> None:
        self.weather: Weather = "fair"
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if gate.weather == "broken":
                    self._answer(500, b"the gate is broken")
                    return
                if gate.weather == "slow":
                    time.sleep(SLOW_S)
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                    connection.request(self.command, self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    status, content = answer.status, answer.read()
                    kind = answer.getheader("Content-Type") or ""
                    connection.close()
                except OSError:
                    self._answer(502, b"nobody behind the gate")
                    return
                if gate.weather == "late":
                    time.sleep(LATE_S)
                self._answer(status, content, kind)

            def _answer(self, status: int, content: bytes, kind: str = "text/plain") -> None:
                # Whoever asked may have gone.
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
