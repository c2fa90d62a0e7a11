"""Environment variables of Ray and Tune while a study runs: ours, and few of those that the user has set.

Variables of Ray in capitals name a cluster, a job, a directory or resources (``RAY_ADDRESS`` alone makes every program
of a shell a client of that cluster). A study has its own options for these. Variables in small letters
(``RAY_memory_usage_threshold``) tune Ray, and stay.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence

# Tune's snapshots, default loggers and changes of directory are off.
_OURS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_WARN_THRESHOLD_S": "5",
    # A worker trains every trial in a thread of its own: with one arena they use the same memory one after the other.
    "MALLOC_ARENA_MAX": "1",
}
# For a cluster of our own. It stays on the loopback address (Ray's switch for systems whose firewall asks about every
# port), and its workers have the priority of this process: by Ray's own they would stand still beside any busy
# neighbour, and nobody could say how long a study takes. Who wants them to step back starts the study with ``nice``.
# They run this interpreter; under ``uv run`` Ray would build an environment for each. Workers that it has started
# ahead stay: it ends those beyond the processors that nobody has reserved, so Tune's reservation for the first trials
# would now and then end the very workers that they are for. A minute is longer than a study takes to begin.
_OF_OWN_CLUSTER = {
    "RAY_idle_worker_killing_time_threshold_ms": "60000",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_worker_niceness": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
# Tune's and the old names of its directories, which it refuses with a traceback.
_FOREIGN = re.compile(r"TUNE_|RAY_AIR_")
# Where the studies of others are. What protects Ray, and how much it logs, are the user's decisions.
_FOREIGN_TO_OWN_CLUSTER = re.compile(r"TUNE_|RAY_(?!AUTH_|BACKEND_LOG_LEVEL$)[A-Z]")
_PRELOADED = "RAY_preload_python_modules"
_READ_BY_RAY = re.compile(r"TUNE_|RAY_|MALLOC_ARENA_MAX$")


@contextlib.contextmanager
def ray_environment(has_own_cluster: bool, preloaded: Sequence[str] = ()) -> Iterator[None]:
    """Set the variables inside this context, and restore them at its end.

    Ray must be imported, started and shut down inside it.

    Args:
        has_own_cluster: whether the study starts a cluster on this machine.
        preloaded: modules that workers import when they start.
    """
    before = {name: value for name, value in os.environ.items() if _READ_BY_RAY.match(name)}
    foreign = _FOREIGN_TO_OWN_CLUSTER if has_own_cluster else _FOREIGN
    for name in filter(foreign.match, before):
        del os.environ[name]
    ours = _OURS | _OF_OWN_CLUSTER if has_own_cluster else _OURS
    os.environ.update({name: value for name, value in ours.items() if name not in os.environ or name.isupper()})
    if preloaded:
        os.environ.update({_PRELOADED: ",".join(preloaded)})
    try:
        yield
    finally:
        for name in [name for name in os.environ if _READ_BY_RAY.match(name)]:
            del os.environ[name]
        os.environ.update(before)


def limit_pending_trials(count: int) -> None:
    """Let Tune start this many workers at the same time, where it would start one after the other; to be called inside
    :func:`ray_environment`, before Tune runs."""
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(count)
