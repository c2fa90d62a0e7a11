"""What a fault finds, and what it writes down: broken promises and measured times."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.nodes import Nodes
from benchmarks.crash.processes import users_of
from benchmarks.crash.server import TrackingServer
from benchmarks.crash.session import Session
from benchmarks.crash.stopping import left_in, stop

WORKER_S = 120.0
"""How long a worker is waited for."""


class NotStruck(Exception):
    """The session ended before what was to be struck was there."""


@dataclass
class Scene:
    """A running study. notes: what went against what was promised; remarks: what was measured; one line each."""

    folder: Path
    session: Session
    rng: random.Random
    the_server: TrackingServer | None = None
    the_nodes: Nodes | None = None
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    mends: list[Callable[[], object]] = field(default_factory=list)

    @property
    def server(self) -> TrackingServer:
        assert self.the_server is not None
        return self.the_server

    @property
    def nodes(self) -> Nodes:
        assert self.the_nodes is not None
        return self.the_nodes

    @property
    def temporary(self) -> Path:
        """Where the processes of the session put temporary files."""
        return self.folder / "t"

    def workers(self) -> list[int]:
        """Processes that train; waits for one. Raises NotStruck."""
        look = self.session.workers if self.the_nodes is None else self.the_nodes.workers
        deadline = time.monotonic() + WORKER_S
        while time.monotonic() < deadline and self.session.process.poll() is None:
            if found := look():
                return found
            time.sleep(0.05)
        raise NotStruck("no worker was there to strike")

    def stop(self, number: signal.Signals) -> None:
        """Send the signal and wait for the clean end that was promised."""
        ending = stop(self.session, number)
        if ending.code == 0:
            self.remarks.append(f"it was about to end by itself when {number.name} came")
            return
        self.remarks.append(f"stopped {ending.took_s:.1f} s after {number.name}")
        if not ending.is_clean:
            self.notes.append(
                f"{number.name}: {ending.took_s:.1f} s until exit code {ending.code}: {ending.said[-200:]}"
            )
        self.expect_nothing_left(number.name)

    def expect_nothing_left(self, after: str) -> None:
        """No process and no temporary directory of ours is there, and nothing unfinished in the study's directory."""
        if left := left_in(self.temporary):
            self.notes.append(f"{after}: left {', '.join(left)}")
        if users := users_of(self.temporary):
            self.notes.append(f"{after}: {len(users)} processes still there: {users[0][:60]}")

    def expect_nothing_unfinished(self) -> None:
        """The directory of the study holds nothing that somebody began to write and did not end."""
        unfinished = [
            path.name
            for path in self.session.study.rglob("*")
            if path.suffix in (".tmp", ".new") or path.name.startswith(".report-")
        ]
        if unfinished:
            self.notes.append(f"unfinished: {', '.join(unfinished)}")

    def expect_clear_line(self) -> None:
        """Something was said, and it is no traceback."""
        said = self.session.said()
        if "Traceback" in said or not said.strip():
            self.notes.append(f"no clear line but: {said.strip().splitlines()[-1:]}")

    def mend(self) -> None:
        """Take back what was done to the machine."""
        for step in self.mends:
            step()
        self.mends.clear()
