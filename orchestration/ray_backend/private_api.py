"""All private names of Ray that this product uses, and everything that it changes in Ray.

Every change is a context that undoes it. A name that a version of Ray does not have is a warning in the log, and the
study goes on with what ``without`` says.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.process.interruption import Interruption
from orchestration.process.private_names import PrivateName
from orchestration.process.signals import NOTICES, blocked_signals, handled_signals

_SINCE = "2.60"
_LOOK_MS = 100
_SIGACTION_BYTES = 256
"""Room for the C library's description of a handler, which is passed back as it came (152 bytes on Linux)."""
_PATIENCE_S = 30.0
"""How long Ray itself waits for a node of a new cluster."""

WORKER_LOGS = PrivateName(
    "ray._private.worker",
    "_worker_logs_enabled",
    "keeping Ray's reports of dead workers off stdout, which belongs to results",
    "they appear there; the reason is in the record of the trial in any case",
    _SINCE,
)
API_SERVER = PrivateName(
    "ray._private.node",
    "Node.start_api_server",
    "leaving out the process that asks three clouds' metadata services, even with usage statistics off",
    "that process runs",
    _SINCE,
)
MONITOR = PrivateName(
    "ray._private.node",
    "Node.start_monitor",
    "leaving out the process that asks a cloud for more machines",
    "that process runs, and the start takes longer",
    _SINCE,
)
LOG_MONITOR = PrivateName(
    "ray._private.node",
    "Node.start_log_monitor",
    "leaving out the process that copies what workers print to the driver, which does not listen",
    "that process runs, and the start takes longer",
    _SINCE,
)
DASHBOARD_DEPENDENCIES = PrivateName(
    "ray._private.utils",
    "get_dashboard_dependency_error",
    "a small agent on the node, as without the dashboard's packages, instead of one that serves a dashboard",
    "the start takes longer",
    _SINCE,
)
GET_NODE = PrivateName(
    "ray._private.services",
    "get_node",
    "noticing at once that the node of a new cluster is up, where Ray looks every second",
    "the start takes up to two seconds longer",
    _SINCE,
)
GCS_CLIENT = PrivateName(
    "ray._raylet",
    "GcsClient",
    GET_NODE.purpose,
    GET_NODE.without,
    _SINCE,
)
NODE_INIT = PrivateName(
    "ray._private.node",
    "Node.__init__",
    "interrupting the start of Ray at a signal",
    "a signal takes effect once Ray has started, some seconds later",
    _SINCE,
)
START_PROCESS = PrivateName(
    "ray._private.services",
    "start_ray_process",
    "holding back signals while Ray spawns a process",
    "a signal in that moment may be lost, and a second one is needed",
    _SINCE,
)
WAIT_FOR_PORT = PrivateName(
    "ray._private.node",
    "wait_for_persisted_port",
    "handling signals while Ray waits for its processes",
    "a signal takes effect up to half a minute later",
    _SINCE,
)
SIGTERM_HANDLER = PrivateName(
    "ray._private.utils",
    "set_sigterm_handler",
    "keeping the handlers of this program while Ray starts",
    "SIGTERM at the start of Ray ends the program without its cleanup",
    _SINCE,
)
ACTOR_MANAGER = PrivateName(
    "ray.tune.execution.tune_controller",
    "RayActorManager",
    "retrying trials whose worker was killed by Ray's memory monitor",
    "a machine that runs out of memory ends the study",
    _SINCE,
)
TASK_FAILED = PrivateName(
    "ray.tune.execution.tune_controller",
    "RayActorManager._actor_task_failed",
    ACTOR_MANAGER.purpose,
    ACTOR_MANAGER.without,
    _SINCE,
)
WORKER_VARIABLES = PrivateName(
    "ray.tune.execution.class_cache",
    "DEFAULT_ENV_VARS",
    "giving trials to workers that have started already",
    "the first trials wait until others have started",
    _SINCE,
)
PASSED_VARIABLES = PrivateName(
    "ray.tune.execution.class_cache",
    "ENV_VARS_TO_PROPAGATE",
    WORKER_VARIABLES.purpose,
    WORKER_VARIABLES.without,
    _SINCE,
)
SESSION_DIR = PrivateName(
    "ray.train._internal.storage",
    "_get_ray_train_session_dir",
    "running Tune in a process that is on no node of the cluster (ray://)",
    "Tune may not start there; connect from a node of the cluster instead",
    _SINCE,
)
ACTOR_ID = PrivateName(
    "ray.actor",
    "ActorHandle._actor_id",
    "finding the node of a worker without keeping the worker alive",
    "the loss of a node counts as a failure of its trials",
    _SINCE,
)
RAY_ACTOR = PrivateName(
    "ray.tune.experiment.trial",
    "_TemporaryTrialState.ray_actor",
    "reaching the worker of a trial of Tune",
    "stopped trials train to their last epoch, and trials that hang are not retried",
    _SINCE,
)
TEMPORARY_STATE = PrivateName(
    "ray.tune.experiment.trial",
    "Trial.temporary_state",
    RAY_ACTOR.purpose,
    RAY_ACTOR.without,
    _SINCE,
)
ERROR_FILE = PrivateName(
    "ray.tune.experiment.trial",
    "Trial.error_file",
    "the reason for which a trial lost its worker",
    "the record of the trial does not give the reason",
    _SINCE,
)
LAST_RESULT = PrivateName(
    "ray.tune.experiment.trial",
    "Trial.last_result",
    "freeing the results of trials that have ended",
    "they stay in memory until the study ends",
    _SINCE,
)
OF_MODULES = (
    WORKER_LOGS,
    API_SERVER,
    MONITOR,
    LOG_MONITOR,
    DASHBOARD_DEPENDENCIES,
    GET_NODE,
    GCS_CLIENT,
    NODE_INIT,
    START_PROCESS,
    WAIT_FOR_PORT,
    SIGTERM_HANDLER,
    ACTOR_MANAGER,
    TASK_FAILED,
    WORKER_VARIABLES,
    PASSED_VARIABLES,
    SESSION_DIR,
    ACTOR_ID,
    ERROR_FILE,
    LAST_RESULT,
)
"""Names that modules and classes of Ray have."""
OF_INSTANCES = (TEMPORARY_STATE, RAY_ACTOR)
"""Names that only instances of classes have."""

Function = Callable[..., Any]


def quiet_dead_workers() -> AbstractContextManager[None]:
    """Ray prints no report of a dead worker, which ``log_to_driver=False`` does not prevent."""
    return WORKER_LOGS.replaced(lambda enabled: False)


@contextlib.contextmanager
def lean_cluster() -> Iterator[None]:
    """A cluster that Ray starts inside this context has the processes that a study needs, and is used once it is up.

    Without: the dashboard, which Ray starts even if it is not wanted, for usage statistics alone; the autoscaler; the
    forwarding of workers' output; the part of a node's agent that serves the dashboard.
    """
    with contextlib.ExitStack() as opened:
        opened.enter_context(API_SERVER.replaced(lambda start: lambda node, **options: None))
        opened.enter_context(MONITOR.replaced(lambda start: lambda node: None))
        opened.enter_context(LOG_MONITOR.replaced(lambda start: lambda node: None))
        opened.enter_context(DASHBOARD_DEPENDENCIES.replaced(lambda find: lambda: "not needed"))
        opened.enter_context(GET_NODE.replaced(_once_registered))
        yield


def _once_registered(get_node: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    def get_registered_node(gcs_address: str, node_id: str) -> Any:
        client = GCS_CLIENT.find()
        if client is not None:
            connected = client(address=gcs_address)
            deadline = time.monotonic() + _PATIENCE_S
            while not connected.get_all_node_info(timeout=_PATIENCE_S) and time.monotonic() < deadline:
                time.sleep(_LOOK_MS / 5000)
        return get_node(gcs_address, node_id)

    return get_registered_node


@contextlib.contextmanager
def interruptible_ray_init(interruption: Interruption) -> Iterator[None]:
    """Inside this context ``ray.init`` raises StudyInterrupted at a signal while it waits for its processes.

    It takes seconds, and the caller kills the processes that there are. The phase in which the driver connects to them
    is not interrupted: half a connection would end this process (decision 46).
    """
    with contextlib.ExitStack() as opened:
        opened.enter_context(_kept_signal_actions())
        opened.enter_context(NODE_INIT.replaced(_within(interruption.waiting)))
        opened.enter_context(START_PROCESS.replaced(_within(partial(_spawning, interruption))))
        opened.enter_context(WAIT_FOR_PORT.replaced(_in_short_waits))
        opened.enter_context(SIGTERM_HANDLER.replaced(lambda set_handler: lambda handler: None))
        yield


def _within(context: Callable[[], AbstractContextManager[None]]) -> Callable[[Function], Function]:
    def wrap(start: Function) -> Function:
        def start_within(*arguments: Any, **options: Any) -> Any:
            with context():
                return start(*arguments, **options)

        return start_within

    return wrap


@contextlib.contextmanager
def _spawning(interruption: Interruption) -> Iterator[None]:
    # Parent and child both receive a signal during a fork, and Python drops exceptions in its hooks.
    with interruption.deferred(), blocked_signals(*NOTICES):
        yield


def _in_short_waits(wait: Callable[..., int]) -> Callable[..., int]:
    """Ray waits in one call, for half a minute if its process is gone, in which no other thread of this one can run."""

    def wait_for_port(*where: str, timeout_ms: int) -> int:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            try:
                return wait(*where, timeout_ms=_LOOK_MS)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise

    return wait_for_port


@contextlib.contextmanager
def _kept_signal_actions() -> Iterator[None]:
    """Ray's library installs a handler of its own below Python's, which reports SIGTERM as a crash and aborts the
    process three seconds later. It is undone on the level of the C library, which any thread may do."""
    change = ctypes.CDLL(None).sigaction
    before = {number: ctypes.create_string_buffer(_SIGACTION_BYTES) for number in handled_signals()}
    for number, action in before.items():
        change(int(number), None, action)
    try:
        yield
    finally:
        for number, action in before.items():
            change(int(number), action, None)


@contextlib.contextmanager
def treat_oom_kill_as_actor_death() -> Iterator[None]:
    """Tune, which must run inside this context, retries trials whose worker was killed by Ray's memory monitor.

    Tune expects RayActorError and crashes on OutOfMemoryError, so the second is converted into the first.
    """
    if TASK_FAILED.find() is None:
        yield
        return
    with ACTOR_MANAGER.replaced(_make_actor_manager):
        yield


def _make_actor_manager(before: Any) -> Any:
    from ray.exceptions import OutOfMemoryError, RayActorError

    class ActorManager(before):  # type: ignore[misc]
        def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
            if isinstance(exception, OutOfMemoryError):
                exception = RayActorError(error_msg=str(exception))
            super()._actor_task_failed(tracked_actor_task, exception)

    return ActorManager


@contextlib.contextmanager
def any_worker_serves() -> Iterator[None]:
    """Tune, which must run inside this context, asks for workers without environment variables of their own, so that it
    gets those which Ray has started ahead. They inherit the variables of this process: only for a cluster of our own.
    """
    with WORKER_VARIABLES.replaced(lambda variables: {}), PASSED_VARIABLES.replaced(lambda names: set()):
        yield


def redirect_tune_session_dir(directory: Path) -> AbstractContextManager[None]:
    """Tune, which must run inside this context, writes its files into ``directory`` instead of the node's session: the
    process of a Ray client is on no node."""
    return SESSION_DIR.replaced(lambda find: lambda: str(directory))


def actor_id(actor: Any) -> str | None:
    """The id of an actor, in hexadecimal digits; None if Ray does not tell it."""
    found = ACTOR_ID.of(actor)
    return None if found is None else str(found.hex())


def worker_of(trial: Any) -> Any | None:
    """The actor that runs a trial of Tune; None if there is none now."""
    state = TEMPORARY_STATE.of(trial)
    return None if state is None else RAY_ACTOR.of(state)


def error_file_of(trial: Any) -> Path | None:
    """Tune's file with the error of a trial; None if there is none."""
    found = ERROR_FILE.of(trial)
    return Path(found) if found else None


def take_from_result(trial: Any, result: dict[str, Any], key: str) -> Any | None:
    """A value of the last result of a trial of Tune, which Tune then keeps no longer; None if there is none.

    Args:
        trial: of Tune; it keeps its last result until the study ends.
        result: the same result as Tune hands it over.
        key: of the value.
    """
    kept = LAST_RESULT.of(trial)
    found = None if kept is None else kept.pop(key, None)
    return result.get(key) if found is None else found
