"""Workers that Ray's memory monitor has ended are taken by Tune for workers that have died."""

from __future__ import annotations

from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution import tune_controller


class _ActorManager(RayActorManager):
    """The monitor's error is none of an actor; Tune, which expects only those, would fall over it with the study."""

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


def expect_want_of_memory() -> None:
    """To be called before Tune runs."""
    tune_controller.RayActorManager = _ActorManager  # type: ignore[attr-defined]
