"""Everything that is done to a running study. A fault returns once it has struck; ``mend`` takes it back."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.server import TrackingServer
from benchmarks.crash.session import Session, users_of

STOP_S = 10.0
"""What Ctrl-C and SIGTERM may take."""


@dataclass
class Scene:
    """What a fault finds. notes: what went against what was promised, one line each."""

    folder: Path
    session: Session
    rng: random.Random
    server: TrackingServer | None = None
    notes: list[str] = field(default_factory=list)
    mends: list[Callable[[], object]] = field(default_factory=list)

    def mend(self) -> None:
        """Take back what the fault did to the machine."""
        for step in self.mends:
            step()
        self.mends.clear()


@dataclass(frozen=True)
class Fault:
    """strike: does it. needs_server: the study is tracked on an MLflow server. study: on which one only; None: any.

    changes_results: trials may fail for good by it, each as a row of the report; nothing may be lost all the same.
    """

    name: str
    strike: Callable[[Scene], None]
    needs_server: bool = False
    needs_small_disk: bool = False
    study: str | None = None
    changes_results: bool = False


def kill_driver(scene: Scene) -> None:
    scene.session.signal(signal.SIGKILL)
    scene.session.wait()


def kill_worker(scene: Scene) -> None:
    os.kill(scene.rng.choice(_workers(scene)), signal.SIGKILL)


def stop_worker(scene: Scene) -> None:
    """It hangs: it neither ends nor reports, and its connections stay open."""
    os.kill(scene.rng.choice(_workers(scene)), signal.SIGSTOP)


def starve_worker(scene: Scene) -> None:
    """Its next larger allocation fails: the limit on its address space is set to what it uses."""
    with contextlib.suppress(ProcessLookupError):
        worker = scene.rng.choice(_workers(scene))
        pages = int(Path(f"/proc/{worker}/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + (1 << 20)
        resource.prlimit(worker, resource.RLIMIT_AS, (limit, limit))


def interrupt(scene: Scene) -> None:
    _stop(scene, signal.SIGINT)


def terminate(scene: Scene) -> None:
    _stop(scene, signal.SIGTERM)


def kill_server(scene: Scene) -> None:
    server = _server(scene)
    server.kill()
    scene.mends.append(server.start)


def break_server(scene: Scene) -> None:
    _server(scene).gate.weather = "broken"
    scene.mends.append(lambda: setattr(_server(scene).gate, "weather", "fair"))


def slow_server(scene: Scene) -> None:
    _server(scene).gate.weather = "slow"
    scene.mends.append(lambda: setattr(_server(scene).gate, "weather", "fair"))


def fill_disk(scene: Scene) -> None:
    """The file system of the study is full: a small tmpfs, or no file of the driver may grow where none can be made."""
    out = scene.session.study.parent
    if os.path.ismount(out):
        filler = out / "filler"
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        scene.mends.append(lambda: filler.unlink(missing_ok=True))
    else:
        with contextlib.suppress(ProcessLookupError, OSError):
            size = (scene.session.study / "ledger.jsonl").stat().st_size + 100
            resource.prlimit(scene.session.process.pid, resource.RLIMIT_FSIZE, (size, size))
    scene.session.wait()
    _expect_one_line(scene)


def read_only(scene: Scene) -> None:
    """The study is stopped, and its directory cannot be written when it goes on."""
    _stop(scene, signal.SIGTERM)
    study = scene.session.study
    if subprocess.run(["mount", "--bind", study, study], capture_output=True, check=False).returncode:
        scene.notes.append("not tried: this user may not mount")
        return
    scene.mends.append(lambda: subprocess.run(["umount", study], check=True))
    subprocess.run(["mount", "-o", "remount,bind,ro", study], check=True)
    again = scene.session.again()
    if again.wait() != 2:
        scene.notes.append(f"a read-only directory: exit code {again.process.returncode} instead of 2")
    _expect_one_line(scene)


def nothing(scene: Scene) -> None:
    """NaN is in the study itself: a learning rate at which every trial diverges."""


FAULTS = (
    Fault("SIGKILL of the driver", kill_driver),
    Fault("SIGKILL of a worker", kill_worker),
    Fault("Ctrl-C", interrupt),
    Fault("SIGTERM", terminate),
    Fault("SIGKILL of the MLflow server", kill_server, needs_server=True),
    Fault("an MLflow server that answers 500", break_server, needs_server=True),
    Fault("a slow MLflow server", slow_server, needs_server=True),
    Fault("a full disk", fill_disk, needs_small_disk=True),
    Fault("a read-only directory", read_only),
    Fault("a trial that hangs", stop_worker),
    Fault("NaN", nothing, study="diverging"),
    Fault("out of memory", starve_worker, changes_results=True),
)


def _stop(scene: Scene, number: signal.Signals) -> None:
    asked = time.monotonic()
    scene.session.signal(number)
    code = scene.session.wait()
    took = time.monotonic() - asked
    if code == 0:
        return
    if code != 130:
        scene.notes.append(f"{number.name}: exit code {code} instead of 130")
    if took > STOP_S:
        scene.notes.append(f"{number.name}: {took:.1f} s until the end")
    temporary = scene.folder / "t"
    if left := [path.name for path in temporary.iterdir() if path.name.startswith("dmd-")]:
        scene.notes.append(f"{number.name}: left {', '.join(left)}")
    if users := users_of(temporary):
        scene.notes.append(f"{number.name}: {len(users)} processes still there: {users[0][:60]}")


def _expect_one_line(scene: Scene) -> None:
    said = scene.session.said()
    if "Traceback" in said or not said.strip():
        lines = said.strip().splitlines()[-1:]
        scene.notes.append(f"no clear line but: {lines}")


def _workers(scene: Scene) -> list[int]:
    found: list[int] = []
    for _ in range(200):
        found = scene.session.workers()
        if found or scene.session.process.poll() is not None:
            break
        time.sleep(0.05)
    if not found:
        scene.notes.append("no worker was there to strike")
        raise ProcessLookupError
    return found


def _server(scene: Scene) -> TrackingServer:
    assert scene.server is not None
    return scene.server


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int = 64) -> Iterator[None]:
    """A small file system of its own at ``place``, where this user may mount one; else only a directory."""
    place.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    is_mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(place, ignore_errors=True)
