"""A Ray cluster whose nodes have nothing of the driver's: not the product, not its files; each a cache of its own.

On one machine, so what other machines would not have is hidden from the processes of the nodes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.processes import descendants
from tests.orchestration.command_line import command
from tests.orchestration.tracking.test_mlflow_tracker import free_port

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
"""Ray lets nobody in without it, neither nodes nor drivers."""
HIDER = """
import os, sys
from importlib.machinery import PathFinder

OWN = ("dmd", "orchestration", "reports", "search_spaces", "tests")
HIDDEN = os.environ["HIDDEN"]


class OnlyWhatWasSent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in OWN and path is None:
            spec = PathFinder.find_spec(name, [place for place in sys.path if "py_modules_files" in place])
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return spec


def hide(event, arguments):
    if event in ("open", "os.mkdir", "os.listdir", "os.scandir", "os.rename") and str(arguments[0]).startswith(HIDDEN):
        raise PermissionError(13, "Permission denied", str(arguments[0]))


sys.meta_path.insert(0, OnlyWhatWasSent())
if HIDDEN:
    sys.addaudithook(hide)
"""
OTHER_TORCH = """
import importlib.metadata as metadata
known = metadata.version
metadata.version = lambda name: "2.12.0" if name == "torch" else known(name)
"""
COUNTED_SAVES = """
def note(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("state.pt"):
        with open(os.environ["SAVED"], "a") as saved:
            saved.write("1")


sys.addaudithook(note)
"""
"""The node notes every training state that it saves."""


@dataclass
class ForeignCluster:
    """root: where its own files are. hidden: what its nodes do not see. nodes: the ``ray start`` of each, by name."""

    root: Path
    hidden: Path
    port: int = field(default_factory=free_port)
    client_port: int = field(default_factory=free_port)
    nodes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client_address(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    def cache_of(self, name: str) -> Path:
        return self.root / name / "cache"

    def num_saved(self, name: str) -> int:
        """How many training states a node with :data:`COUNTED_SAVES` has saved."""
        return len(_read(self.root / name / "saved"))

    def start_head(self, sees_all: bool) -> None:
        """A head that trains nothing. sees_all: it is the driver's machine, too."""
        arguments = ["--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}", "--num-cpus=0"]
        self._start("head", [*arguments, "--include-dashboard=false"], HIDER, "" if sees_all else str(self.hidden))

    def add_node(self, name: str, more: str = "", cache: Path | None = None) -> None:
        """A node with room for one trial that wants a ``name``. more: what else its Python processes do first."""
        arguments = [f"--address={self.address}", "--num-cpus=1", f'--resources={{"{name}": 1, "any": 1}}']
        self._start(name, arguments, HIDER + more, str(self.hidden), cache)

    def _start(self, name: str, arguments: list[str], site: str, hidden: str, cache: Path | None = None) -> None:
        place = self.root / name
        place.mkdir(parents=True)
        (place / "sitecustomize.py").write_text(site)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= TOKEN | {
            "PYTHONPATH": str(place),
            "HIDDEN": hidden,
            "DMD_CACHE_DIR": str(cache or self.cache_of(name)),
            "SAVED": str(place / "saved"),
        }
        common = ["--node-ip-address=127.0.0.1", "--disable-usage-stats", "--block"]
        with (place / "log").open("wb") as log:
            self.nodes[name] = subprocess.Popen(
                command("ray", "start", *arguments, *common),
                env=environment,
                cwd=place,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while "Ray runtime started" not in (place / "log").read_text():
            assert self.nodes[name].poll() is None, (place / "log").read_text()
            assert time.monotonic() < deadline, (place / "log").read_text()
            time.sleep(0.2)

    def kill_node(self, name: str) -> None:
        """SIGKILL to everything on a node at once."""
        node = self.nodes.pop(name)
        for pid in [node.pid, *descendants(node.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        node.wait()

    def stop(self) -> None:
        nodes = list(reversed(self.nodes.values()))
        for node in nodes:
            node.terminate()
        for node in nodes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGKILL)
            node.wait()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@contextlib.contextmanager
def foreign_cluster(root: Path, hidden: Path, sees_all: bool) -> Iterator[ForeignCluster]:
    """A cluster that is its head alone at first, and is gone at the end."""
    cluster = ForeignCluster(root, hidden)
    try:
        cluster.start_head(sees_all)
        yield cluster
    finally:
        cluster.stop()


def start_at(place: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a console script of the product in ``place``."""
    environment = (
        os.environ | TOKEN | {"PYTHONPATH": str(Path(__file__).parents[2]), "DMD_CACHE_DIR": str(place / "cache")}
    )
    return subprocess.Popen(
        command(name, *arguments),
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_at(place: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a console script of the product in ``place`` to its end."""
    with start_at(place, name, *arguments) as process:
        try:
            stdout, stderr = process.communicate(timeout=400)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
