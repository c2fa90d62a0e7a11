"""What a null trial costs on either side, measured in turns so that a busy machine slows both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead.processes import run_side
from benchmarks.overhead.store import require_rows

PRODUCT, PLAIN = "product_side", "plain_side"


@dataclass(frozen=True)
class PerTrial:
    """Milliseconds per trial, from the first trial to the last run terminated in MLflow, over all blocks of a side."""

    ours_ms: float
    plain_ms: float

    @property
    def ratio(self) -> float:
        return self.ours_ms / self.plain_ms


def compare(directory: Path, num_blocks: int, num_trials: int) -> PerTrial:
    """``num_blocks`` times ``num_trials`` trials a side, ours first in every other block."""
    seconds = {PRODUCT: 0.0, PLAIN: 0.0}
    for block in range(num_blocks):
        for module in (PRODUCT, PLAIN) if block % 2 == 0 else (PLAIN, PRODUCT):
            place = directory / f"{module}-{block}"
            side = run_side(module, place, "--trials", str(num_trials))
            rows = require_rows(place, num_trials)
            seconds[module] += side.seconds
            print(f"{place.name}: {side.seconds / num_trials * 1000:.1f} ms per trial, {rows}", flush=True)
    total = num_blocks * num_trials
    return PerTrial(seconds[PRODUCT] / total * 1000, seconds[PLAIN] / total * 1000)
