"""Capacity: how many trials run at the same time, on this machine or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestration.executors.protocol import Resources
from orchestration.machine.cpu_contention import cpu_contention
from orchestration.machine.resources import count_local_slots
from orchestration.ray_backend.capacity import ask_cluster
from search_spaces.schema.schema import Resources as Wanted

ExecutorName = Literal["ray", "inline"]


@dataclass(frozen=True)
class Capacity:
    """Room for trials.

    Attributes:
        slots: trials at the same time.
        num_nodes: nodes of a running cluster that can train; None: this machine alone.
        contention: how many times slower trials that share the CPU run than the one that was timed.
    """

    slots: int
    num_nodes: int | None = None
    contention: float = 1.0


def measure_capacity(
    wanted: Wanted, executor: ExecutorName, address: str | None, contention: float | None = None
) -> Capacity:
    """The capacity there is now. Takes a second on a busy machine.

    Args:
        wanted: what one trial takes.
        executor: ``inline`` runs one trial at a time.
        address: of a running cluster; None: this machine.
        contention: as it was measured before; None: it is measured.

    Raises:
        ClusterUnreachable: nothing answers at ``address``.
        ResourcesUnavailable: no trial would fit.
    """
    if executor == "inline":
        return Capacity(1)
    if address is not None:
        # How busy the nodes are is not known here.
        return Capacity(*ask_cluster(address, trial_resources(wanted), wanted.max_concurrent))
    slots = count_local_slots(wanted)
    of_one = max(round(wanted.cpu), 1)
    if contention is None:
        contention = 1.0 if wanted.gpu > 0 else cpu_contention(of_one, of_one * wanted.num_workers * slots)
    return Capacity(slots, contention=contention)


def trial_resources(wanted: Wanted) -> Resources:
    """What a space asks for, as executors read it."""
    return Resources(wanted.cpu, wanted.gpu, wanted.num_workers, dict(wanted.custom))
