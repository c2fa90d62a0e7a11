"""A cluster of our own that comes up in a thread while the study is planned.

Ray's processes take seconds to start and leave this process idle meanwhile; planning takes as long and needs nothing
of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestration.process.interruption import Interruption
from orchestration.ray_backend.cluster import ray_cluster
from orchestration.ray_backend.environment import ray_environment

_LOOK_S = 0.1


class EarlyCluster:
    """Starts at once; :meth:`taken` waits until it is up, and :meth:`close` ends it, also where nobody has taken it.

    Args:
        num_cpus: that the cluster declares.
        custom: further resources that it declares.
        contention: how much slower trials run side by side, measured before this cluster took processors itself.
        preloads: whether the workers that Ray starts ahead, one per CPU, import at once what a trial needs.
    """

    def __init__(self, num_cpus: int, custom: Mapping[str, float], contention: float, preloads: bool) -> None:
        self.contention = contention
        self._num_cpus = num_cpus
        self._custom = custom
        self._preloads = preloads
        self._logs: Path | None = None
        self._has_started = threading.Event()
        self._ends = threading.Event()
        self._ends_with_study = False
        self._error: BaseException | None = None
        with ray_environment(has_own_cluster=True):
            # In this thread: of two that import the same modules, one can get half of them.
            import ray  # noqa: F401
        # The system kills Ray's processes when the thread that spawned them ends, so it lasts as long as they do. A
        # daemon: who is forced to exit waits for nothing.
        self._thread = threading.Thread(target=self._hold, name="ray", daemon=True)
        self._thread.start()

    @contextmanager
    def taken(self, logs: Path | None, interruption: Interruption) -> Iterator[bool]:
        """The connection, as :func:`orchestration.ray_backend.cluster.ray_cluster` gives it; closed at the end.

        Args:
            logs: where to copy the logs of the cluster's processes; None: nowhere.
            interruption: ends the wait for the cluster.

        Raises:
            RayUnusable: Ray does not start on this machine.
            StudyInterrupted: ``interruption`` was requested meanwhile.
        """
        self._logs = logs
        try:
            with interruption.waiting():
                while not self._has_started.wait(_LOOK_S):
                    interruption.raise_if_requested()
            if self._error is not None:
                raise self._error
            yield self._ends_with_study
        finally:
            self.close()

    def close(self) -> None:
        """End the cluster and wait for it, also while it starts; nothing happens where it has ended."""
        self._ends.set()
        self._thread.join()

    def _hold(self) -> None:
        try:
            cluster = ray_cluster(
                None,
                self._num_cpus,
                self._custom,
                logs=lambda: self._logs,
                preloads=self._preloads,
            )
            with cluster as self._ends_with_study:
                self._has_started.set()
                self._ends.wait()
        except BaseException as error:  # raised where somebody takes the cluster
            self._error = error
        finally:
            self._has_started.set()
