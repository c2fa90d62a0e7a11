"""The private names of Ray that the start of a cluster uses, and everything that it changes in Ray.

Every change is a context that undoes it. A name that a version of Ray does not have is a warning in the log, and the
study goes on with what ``without`` says. Those of Ray Tune are in ``private_tune_api.py``.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from orchestration.process.interruption import Interruption
from orchestration.process.private_names import PrivateName
from orchestration.process.signals import NOTICES, before_the_end, blocked_signals, handled_signals

_SINCE = "2.60"
_LOOK_MS = 100
_SIGACTION_BYTES = 256
"""Room for the C library's description of a handler, which is passed back as it came (152 bytes on Linux)."""
_PATIENCE_S = 30.0
"""How long Ray itself waits for a node of a new cluster."""

WORKER_LOGS = PrivateName(
    module="ray._private.worker",
    attribute="_worker_logs_enabled",
    purpose="keeping Ray's reports of dead workers off stdout, which belongs to results",
    without="they appear there; the reason is in the record of the trial in any case",
    since=_SINCE,
)
API_SERVER = PrivateName(
    module="ray._private.node",
    attribute="Node.start_api_server",
    purpose="leaving out the process that asks three clouds' metadata services, even with usage statistics off",
    without="that process runs",
    since=_SINCE,
)
MONITOR = PrivateName(
    module="ray._private.node",
    attribute="Node.start_monitor",
    purpose="leaving out the process that asks a cloud for more machines",
    without="that process runs, and the start takes longer",
    since=_SINCE,
)
LOG_MONITOR = PrivateName(
    module="ray._private.node",
    attribute="Node.start_log_monitor",
    purpose="leaving out the process that copies what workers print to the driver, which does not listen",
    without="that process runs, and the start takes longer",
    since=_SINCE,
)
DASHBOARD_DEPENDENCIES = PrivateName(
    module="ray._private.utils",
    attribute="get_dashboard_dependency_error",
    purpose="a small agent on the node, as without the dashboard's packages, instead of one that serves a dashboard",
    without="the start takes longer",
    since=_SINCE,
)
GET_NODE = PrivateName(
    module="ray._private.services",
    attribute="get_node",
    purpose="noticing at once that the node of a new cluster is up, where Ray looks every second",
    without="the start takes up to two seconds longer",
    since=_SINCE,
)
GCS_CLIENT = PrivateName(
    module="ray._raylet",
    attribute="GcsClient",
    purpose=GET_NODE.purpose,
    without=GET_NODE.without,
    since=_SINCE,
)
NODE_INIT = PrivateName(
    module="ray._private.node",
    attribute="Node.__init__",
    purpose="interrupting the start of Ray at a signal",
    without="a signal takes effect once Ray has started, some seconds later",
    since=_SINCE,
)
START_PROCESS = PrivateName(
    module="ray._private.services",
    attribute="start_ray_process",
    purpose="holding back signals while Ray spawns a process",
    without="a signal in that moment may be lost, and a second one is needed",
    since=_SINCE,
)
WAIT_FOR_PORT = PrivateName(
    module="ray._private.node",
    attribute="wait_for_persisted_port",
    purpose="handling signals while Ray waits for its processes",
    without="a signal takes effect up to half a minute later",
    since=_SINCE,
)
SIGTERM_HANDLER = PrivateName(
    module="ray._private.utils",
    attribute="set_sigterm_handler",
    purpose="keeping the handlers of this program while Ray starts",
    without="SIGTERM at the start of Ray ends the program without its cleanup",
    since=_SINCE,
)
READ_VARIABLES = PrivateName(
    module="ray._raylet",
    attribute="Config.initialize",
    purpose="leaving what an earlier cluster of this process has set",
    without="after a study on a cluster of its own this process can use no cluster without tokens",
    since=_SINCE,
)
TOKEN_LOADER = PrivateName(
    module="ray._raylet",
    attribute="AuthenticationTokenLoader.instance",
    purpose=READ_VARIABLES.purpose,
    without="this process shows every cluster the token of the first",
    since=_SINCE,
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
    READ_VARIABLES,
    TOKEN_LOADER,
)
"""Names that modules and classes of Ray have."""

Function = Callable[..., Any]


def forget_earlier_cluster() -> None:
    """Ray, which is not connected now, reads its variables again.

    It reads them once per process. A cluster that it starts gets a token, which this process would then ask of every
    later one: a cluster without tokens would seem to work, and each of its workers would end before it runs.
    """
    read_variables, token_loader = READ_VARIABLES.find(), TOKEN_LOADER.find()
    # In this order, as a thread that still ends would load the token again.
    if read_variables is not None:
        read_variables("")
    if token_loader is not None:
        token_loader().reset_cache()


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
    with interruption.deferred(), before_the_end(), blocked_signals(*NOTICES):
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
