"""Connection to Ray: starts a local cluster, or connects to a running one, and cleans up when the study ends."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration.process.errors import ClusterUnreachable, RayUnusable
from orchestration.process.interruption import Interruption
from orchestration.process.logs import collect_worker_logs, hand_to_root
from orchestration.process.orphans import kill_writers_in
from orchestration.process.redaction import one_line, redacted_line, without_credentials
from orchestration.process.temporary import place_for_sockets, temporary_directory
from orchestration.ray_backend.environment import ray_environment
from orchestration.ray_backend.preload import turns_in
from orchestration.ray_backend.private_cluster_api import (
    forget_earlier_cluster,
    interruptible_ray_init,
    lean_cluster,
    quiet_dead_workers,
)
from orchestration.ray_backend.runtime_env import code_for_workers

_PATIENCE_S = 10.0
_CLIENT = "ray://"
"""Begins the address of a cluster that this process is on no node of."""
_PRELOADED = ("orchestration.ray_backend.preloaded",)


@contextlib.contextmanager
def ray_cluster(
    address: str | None,
    num_cpus: int | None = None,
    custom: Mapping[str, float] | None = None,
    logs: Callable[[], Path | None] = lambda: None,
    sends_code: bool = True,
    interruption: Interruption | None = None,
    preloads: bool = False,
) -> Iterator[bool]:
    """A connection to Ray. Yields whether it ends with this context: an existing one of this process is left open.

    Args:
        address: of a running cluster (``auto``, ``ray://...``); None: start one on this machine.
        num_cpus: CPUs that a cluster of our own declares; None: the machine's.
        custom: further resources that it declares.
        logs: called when the cluster has ended: where to copy the logs of its processes before its temporary
            directory is removed; None: nowhere.
        sends_code: whether workers of a running cluster get the code of this process; False if none will be started.
        interruption: interrupts the start of Ray.
        preloads: whether the workers that a cluster of our own starts ahead, one per CPU, import at once what a trial
            needs.

    Raises:
        ClusterUnreachable: there is no cluster at ``address``.
        RayUnusable: Ray does not start on this machine.
        StudyInterrupted: ``interruption`` was requested during the start.
    """
    with ray_environment(has_own_cluster=address is None, preloaded=_PRELOADED if preloads else ()):
        import ray

        _be_quiet()
        if ray.is_initialized():
            yield False
            return
        if address is None or not address.startswith(_CLIENT):
            # A client takes no part in its cluster. (Ray 2.60: the proxy that starts a server for it may hang in the
            # fork, and was seen to, each time, where this process had read its variables again just before.)
            forget_earlier_cluster()
        interruption = interruption or Interruption()
        if address is not None:
            cluster = _running_cluster(address, code_for_workers() if sends_code else None, interruption)
        else:
            cluster = _own_cluster(num_cpus, custom, logs, interruption)
        with quiet_dead_workers(), cluster:
            yield True


def _be_quiet() -> None:
    # Tune logs every trial that failed as an error of its own; ours are in the ledger.
    hand_to_root("ray", "ray.tune")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _running_cluster(address: str, runtime_env: dict[str, Any] | None, interruption: Interruption) -> Iterator[None]:
    try:
        _connect(address, runtime_env, interruption)
        yield
    finally:
        _shut_down()


@contextlib.contextmanager
def _own_cluster(
    num_cpus: int | None,
    custom: Mapping[str, float] | None,
    logs: Callable[[], Path | None],
    interruption: Interruption,
) -> Iterator[None]:
    with temporary_directory(place=place_for_sockets()) as directory:
        try:
            _start(directory, num_cpus, custom, interruption)
            yield
        finally:
            _shut_down()
            kill_writers_in(directory)
            if (kept := logs()) is not None:
                collect_worker_logs(directory / "session_latest" / "logs", kept)


def _start(
    directory: Path, num_cpus: int | None, custom: Mapping[str, float] | None, interruption: Interruption
) -> None:
    import ray

    try:
        with lean_cluster(), turns_in(directory), interruptible_ray_init(interruption):
            ray.init(
                address="local",
                num_cpus=num_cpus,
                resources=dict(custom) if custom else None,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                _temp_dir=str(directory),
            )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = one_line(error, 300)
        raise RayUnusable(
            f"Ray does not start on this machine ({type(error).__name__}: {reason}); --executor inline runs without "
            "it, one trial at a time"
        ) from error


def _connect(address: str, runtime_env: dict[str, Any] | None, interruption: Interruption) -> None:
    import ray

    # A client of Ray has no part of it in this process, and may be interrupted anywhere.
    waiting = interruption.waiting() if address.startswith(_CLIENT) else contextlib.nullcontext()
    try:
        with interruption.waiting():
            _require_listener(address)
        with interruptible_ray_init(interruption), waiting:
            ray.init(address=address, log_to_driver=False, configure_logging=False, runtime_env=runtime_env)
    except (OSError, RuntimeError, ValueError, ImportError, ray.exceptions.RayError) as error:
        shown = without_credentials(address)
        reason = redacted_line(error, 300)
        raise ClusterUnreachable(
            f"--address {shown}: cannot be used ({reason}); is the cluster started there?"
        ) from error


def _require_listener(address: str) -> None:
    """Raise OSError where nothing listens at ``[ray://]HOST:PORT``: Ray would try for minutes before it says so."""
    host, _, port = address.removeprefix(_CLIENT).partition("/")[0].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()


def is_ray_client() -> bool:
    """Whether this process is connected to its cluster from outside (``ray://``), on none of its nodes."""
    from ray.util.client import ray as client

    return bool(client.is_connected())  # type: ignore[no-untyped-call]


def _shut_down() -> None:
    """Disconnect from Ray while no other thread can free one of its handles.

    A handle that is garbage-collected in another thread (the tracker's) while Ray shuts down makes Ray end the process
    with code 1, whatever the study came to. So the garbage is collected first, here, and not meanwhile.
    """
    import ray

    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if was_enabled:
            gc.enable()
