"""Placement of actors that act for the driver's machine."""

from __future__ import annotations

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


def pin_to_driver_node(is_ray_client: bool) -> dict[str, Any]:
    """Ray's options for an actor on the driver's node; for a Ray client, which is on no node, on the head node."""
    if is_ray_client:
        return {"resources": {"node:__internal_head__": 0.001}}
    here = ray.get_runtime_context().get_node_id()
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(here, soft=False)}
