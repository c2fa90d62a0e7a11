"""Everything that is done to a running study. A fault returns once it has struck; what it broke is mended later."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from benchmarks.crash.memory import fill_until
from benchmarks.crash.processes import command_of, descendants
from benchmarks.crash.scene import NotStruck, Scene
from benchmarks.crash.server import Weather
from orchestration.tracking import writer_process as writer

Need = Literal["server", "nodes", "small disk", "watched memory"]


@dataclass(frozen=True)
class Fault:
    """strike: does it. needs: what the study has that others have not. study: on which one only; None: any.

    loses_server: what happens afterwards cannot be tracked, and the session must say so at its end.
    """

    name: str
    strike: Callable[[Scene], None]
    needs: Need | None = None
    study: str | None = None
    loses_server: bool = False


def kill_driver(scene: Scene) -> None:
    scene.session.signal(signal.SIGKILL)
    scene.session.wait()


def kill_worker(scene: Scene) -> None:
    os.kill(scene.rng.choice(scene.workers()), signal.SIGKILL)


def kill_node(scene: Scene) -> None:
    """Everything on one node, as when a machine is switched off; soon another one joins."""
    scene.nodes.kill_below(scene.rng.choice(scene.workers()))
    scene.nodes.join()


def kill_writer(scene: Scene) -> None:
    """The process that writes to MLflow."""
    for pid in descendants(scene.session.process.pid):
        if writer.__name__ in command_of(pid):
            os.kill(pid, signal.SIGKILL)
            return
    raise NotStruck("no writer was there to strike")


def stop_worker(scene: Scene) -> None:
    """It hangs: it neither ends nor reports, and its connections stay open."""
    os.kill(scene.rng.choice(scene.workers()), signal.SIGSTOP)


def starve_worker(scene: Scene) -> None:
    """Its next larger allocation fails: the limit on its address space is set to what it uses."""
    worker = scene.rng.choice(scene.workers())
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + (1 << 20)
    resource.prlimit(worker, resource.RLIMIT_AS, (limit, limit))


def fill_memory(scene: Scene) -> None:
    """The machine's memory runs out, until Ray's monitor has ended a worker."""
    workers = set(scene.workers())
    if not fill_until(lambda: not workers <= set(scene.session.workers())):
        raise NotStruck("no worker was ended for want of memory")


def kill_server(scene: Scene) -> None:
    scene.server.kill()
    scene.mends.append(scene.server.start)


def spoil_server(weather: Weather, scene: Scene) -> None:
    gate = scene.server.gate
    gate.weather = weather
    scene.mends.append(lambda: setattr(gate, "weather", "fair"))


def fill_disk(scene: Scene) -> None:
    """The file system of the study is full: a small tmpfs, or no file of the driver may grow where none can be made."""
    out = scene.session.study.parent
    if out.is_mount():
        filler = out / "filler"
        with filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        scene.mends.append(lambda: filler.unlink(missing_ok=True))
    else:
        size = (scene.session.study / "ledger.jsonl").stat().st_size + 100
        resource.prlimit(scene.session.process.pid, resource.RLIMIT_FSIZE, (size, size))
    scene.session.wait()
    scene.expect_clear_line()


def read_only(scene: Scene) -> None:
    """The study is stopped, and its directory cannot be written when it goes on."""
    scene.stop(signal.SIGTERM)
    study = scene.session.study
    if subprocess.run(["mount", "--bind", study, study], capture_output=True, check=False).returncode:
        raise NotStruck("not tried: this user may not mount")
    scene.mends.append(lambda: subprocess.run(["umount", study], check=True))
    subprocess.run(["mount", "-o", "remount,bind,ro", study], check=True)
    scene.session = scene.session.again()
    if scene.session.wait() != 2:
        scene.notes.append(f"a read-only directory: exit code {scene.session.process.returncode} instead of 2")
    scene.expect_clear_line()


FAULTS = (
    Fault("SIGKILL of the MLflow writer", kill_writer),
    Fault("a worker out of memory", starve_worker),
    Fault("a machine out of memory", fill_memory, "watched memory"),
    Fault("NaN, and SIGKILL of the driver", kill_driver, study="diverging"),
    Fault("SIGKILL of the driver", kill_driver),
    Fault("SIGKILL of a worker", kill_worker),
    Fault("SIGKILL of a node", kill_node, "nodes"),
    Fault("Ctrl-C", lambda scene: scene.stop(signal.SIGINT)),
    Fault("SIGTERM", lambda scene: scene.stop(signal.SIGTERM)),
    Fault("SIGKILL of the MLflow server", kill_server, "server", loses_server=True),
    Fault("an MLflow server that answers 500", partial(spoil_server, "broken"), "server", loses_server=True),
    Fault("a slow MLflow server", partial(spoil_server, "slow"), "server"),
    Fault("an MLflow server that answers too late", partial(spoil_server, "late"), "server", loses_server=True),
    Fault("a full disk", fill_disk, "small disk"),
    Fault("a read-only directory", read_only),
    Fault("a trial that hangs", stop_worker),
)


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
