"""Where the trials of a study will run, as far as an estimate must know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestration.executors.protocol import Resources
from orchestration.machine.cpu_contention import crowding_of
from orchestration.machine.resources import count_local_slots
from orchestration.ray_backend.capacity import ask_cluster
from search_spaces.schema.schema import Resources as Wanted

ExecutorName = Literal["ray", "inline"]


@dataclass(frozen=True)
class TrialRoom:
    """slots: trials at the same time. num_nodes: those of a running cluster that can train; None: this machine alone.

    crowding: how much slower trials that share the processors run than the one that was timed.
    """

    slots: int
    num_nodes: int | None = None
    crowding: float = 1.0


def measure_room(wanted: Wanted, executor: ExecutorName, address: str | None) -> TrialRoom:
    """The room there is now: that of the cluster at ``address``, or of this machine. Takes a second.

    Raises ClusterUnreachable, ResourcesUnavailable where no trial would fit in.
    """
    if executor == "inline":
        return TrialRoom(1)
    if address is not None:
        # How busy the nodes are is not known here.
        return TrialRoom(*ask_cluster(address, needs_of(wanted), wanted.max_concurrent))
    slots = count_local_slots(wanted)
    of_one = max(round(wanted.cpu), 1)
    crowding = 1.0 if wanted.gpu > 0 else crowding_of(of_one, of_one * wanted.num_workers * slots)
    return TrialRoom(slots, crowding=crowding)


def needs_of(wanted: Wanted) -> Resources:
    """What a space asks for, as executors read it."""
    return Resources(wanted.cpu, wanted.gpu, wanted.num_workers, dict(wanted.custom))
