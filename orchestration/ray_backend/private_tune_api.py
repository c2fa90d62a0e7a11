"""The private names of Ray Tune that a running study uses, and everything that it changes in Tune.

Every change is a context that undoes it. A name that a version of Ray does not have is a warning in the log, and the
study goes on with what ``without`` says. Those of the start of a cluster are in ``private_cluster_api.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from orchestration.process.private_names import PrivateName

_SINCE = "2.60"

ACTOR_MANAGER = PrivateName(
    module="ray.tune.execution.tune_controller",
    attribute="RayActorManager",
    purpose="retrying trials whose worker was killed by Ray's memory monitor",
    without="a machine that runs out of memory ends the study",
    since=_SINCE,
)
TASK_FAILED = PrivateName(
    module="ray.tune.execution.tune_controller",
    attribute="RayActorManager._actor_task_failed",
    purpose=ACTOR_MANAGER.purpose,
    without=ACTOR_MANAGER.without,
    since=_SINCE,
)
WORKER_VARIABLES = PrivateName(
    module="ray.tune.execution.class_cache",
    attribute="DEFAULT_ENV_VARS",
    purpose="giving trials to workers that have started already",
    without="the first trials wait until others have started",
    since=_SINCE,
)
PASSED_VARIABLES = PrivateName(
    module="ray.tune.execution.class_cache",
    attribute="ENV_VARS_TO_PROPAGATE",
    purpose=WORKER_VARIABLES.purpose,
    without=WORKER_VARIABLES.without,
    since=_SINCE,
)
IDLE_WORKERS = PrivateName(
    module="ray.tune.execution.tune_controller",
    attribute="_ObjectCache",
    purpose="keeping workers that wait for their next trial",
    without="all but one of them start again after every wait",
    since=_SINCE,
)
SESSION_DIR = PrivateName(
    module="ray.train._internal.storage",
    attribute="_get_ray_train_session_dir",
    purpose="running Tune in a process that is on no node of the cluster (ray://)",
    without="Tune may not start there; connect from a node of the cluster instead",
    since=_SINCE,
)
ACTOR_ID = PrivateName(
    module="ray.actor",
    attribute="ActorHandle._actor_id",
    purpose="finding the node of a worker without keeping the worker alive",
    without="the loss of a node counts as a failure of its trials",
    since=_SINCE,
)
RAY_ACTOR = PrivateName(
    module="ray.tune.experiment.trial",
    attribute="_TemporaryTrialState.ray_actor",
    purpose="reaching the worker of a trial of Tune",
    without="stopped trials train to their last epoch, and trials that hang are not retried",
    since=_SINCE,
)
TEMPORARY_STATE = PrivateName(
    module="ray.tune.experiment.trial",
    attribute="Trial.temporary_state",
    purpose=RAY_ACTOR.purpose,
    without=RAY_ACTOR.without,
    since=_SINCE,
)
ERROR_FILE = PrivateName(
    module="ray.tune.experiment.trial",
    attribute="Trial.error_file",
    purpose="the reason for which a trial lost its worker",
    without="the record of the trial does not give the reason",
    since=_SINCE,
)
LAST_RESULT = PrivateName(
    module="ray.tune.experiment.trial",
    attribute="Trial.last_result",
    purpose="freeing the results of trials that have ended",
    without="they stay in memory until the study ends",
    since=_SINCE,
)
OF_MODULES = (
    ACTOR_MANAGER,
    TASK_FAILED,
    WORKER_VARIABLES,
    PASSED_VARIABLES,
    IDLE_WORKERS,
    SESSION_DIR,
    ACTOR_ID,
    ERROR_FILE,
    LAST_RESULT,
)
"""Names that modules and classes of Ray have."""
OF_INSTANCES = (TEMPORARY_STATE, RAY_ACTOR)
"""Names that only instances of classes have."""


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


@contextlib.contextmanager
def idle_workers_stay() -> Iterator[None]:
    """Tune, which must run inside this context, keeps the workers of trials that have ended until no trial is left.

    Tune keeps one of those for which no trial is waiting, and ends the others. Where a search ends, its last trials are
    waited for before the next ones are known, and every other worker would start again, which takes seconds. What is
    kept holds its processors: only for a cluster of our own, and for trials that all need the same.
    """
    with IDLE_WORKERS.replaced(_make_keeping_cache):
        yield


def _make_keeping_cache(before: Any) -> Any:
    class KeepingCache(before):  # type: ignore[misc]
        def cache_object(self, key: Any, obj: Any) -> bool:
            room = self.num_cached_objects + 1
            self.increase_max(key, room)
            try:
                return bool(super().cache_object(key, obj))
            finally:
                self.decrease_max(key, room)

        def flush_cached_objects(self, force_all: bool = False) -> Iterator[Any]:
            return iter(super().flush_cached_objects(force_all=True)) if force_all else iter(())

    return KeepingCache


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
