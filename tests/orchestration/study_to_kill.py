"""Run as a program: the toy study on Ray with MLflow, in the directory that is the only argument."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestration.executors.protocol import Resources
from orchestration.process.logs import quiet_libraries
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.toy_studies import run_toy, searched

NUM_SEARCH, NUM_CONFIRM, NUM_EPOCHS = 10, 4, 5


def main() -> None:
    quiet_libraries()
    outcome = run_toy(
        Path(sys.argv[1]),
        searched(NUM_SEARCH, NUM_CONFIRM, NUM_EPOCHS),
        RayTuneExecutor(Resources(), num_cpus=2),
        epoch_s=0.1,
        is_tracked=True,
    )
    print(outcome)


if __name__ == "__main__":
    main()
