"""What a training step costs on both sides, step by step in turn, so that both meet the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.peer_mmsa.pairs import PAIRS
from benchmarks.peer_mmsa.peer import Peer
from benchmarks.zoo.steps import (
    STEP_SHAPES,
    Product,
    lower_quartile,
    make_trainee,
    processor_seconds,
    published_preset,
)

WARM_UP = 3


@dataclass(frozen=True)
class StepCost:
    """Of one method at one shape.

    Attributes:
        ours, theirs: in products of 1024-cubes.
        ratio: of the seconds, ours over theirs.
        parameters: ours.
    """

    ours: float
    theirs: float
    ratio: float
    parameters: int


def measure_steps(peer: Peer, name: str, rounds: int) -> dict[str, StepCost]:
    """By shape."""
    return {shape: _measure(peer, name, shape, rounds) for shape in STEP_SHAPES}


def _measure(peer: Peer, name: str, shape: str, rounds: int) -> StepCost:
    ours = make_trainee(name, published_preset(name), STEP_SHAPES[shape])
    steps, widths = STEP_SHAPES[shape]
    peer.ask("steps", method=PAIRS[name].theirs, steps=steps, widths=widths)
    product = Product()
    seconds: dict[str, list[float]] = {"ours": [], "theirs": [], "product": []}
    for number in range(WARM_UP + rounds):
        answer = peer.ask("step")
        seconds["theirs"].append(answer["step_s"])
        seconds["ours"].append(processor_seconds(lambda: ours.step(number)))  # noqa: B023 (called at once)
        seconds["product"] += [answer["product_s"], product.seconds()]
    peer.ask("stop")
    return step_cost({what: taken[WARM_UP:] for what, taken in seconds.items()}, ours.parameters)


def step_cost(seconds: Mapping[str, list[float]], parameters: int) -> StepCost:
    """Of the lower quartiles of what was taken."""
    least = {what: lower_quartile(taken) for what, taken in seconds.items()}
    ours, theirs, product = least["ours"], least["theirs"], least["product"]
    return StepCost(round(ours / product, 2), round(theirs / product, 2), round(ours / theirs, 3), parameters)


def dearest(costs: Mapping[str, StepCost]) -> dict[str, Any]:
    """For the last line: the shape at which ours compares worst."""
    worst = max(costs.values(), key=lambda cost: cost.ratio)
    return {
        "ours_gemm": worst.ours,
        "peer_gemm": worst.theirs,
        "step_ratio": worst.ratio,
        "parameters": worst.parameters,
    }
