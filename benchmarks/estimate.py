"""What ``dmd-search`` expects of a study when it starts, against what the study then took; beside neighbours or alone.

    python -m benchmarks.estimate [--space quickstart] [--space FILE ...] [--neighbours 0 1] [--data-dir DIR] [--quick]

Every space is run from nothing once for each number of neighbours: processes that keep one processor each busy from
before the study is planned until it has ended. Default spaces are the packaged ``quickstart``, and its model in two
searches of 16 trials that ASHA stops. ``--quick``: the second one with 4 trials, alone.

The last line is JSON. runs: space, neighbours, expected_s, low_s, high_s, took_s, ratio (took over expected);
worst: the ratio farthest from 1 in either direction.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_lines
from orchestration.ledger.session_time import SessionTime
from orchestration.ledger.study_directory import StudyDirectory
from search_spaces.loading.packaged import find_space


@dataclass(frozen=True)
class Held:
    """One study: what was expected, with its range, and what it took, in seconds."""

    space: str
    neighbours: int
    expected_s: float
    low_s: float
    high_s: float
    took_s: float

    @property
    def ratio(self) -> float:
        return self.took_s / self.expected_s


def asha_space(num_trials: int) -> dict[str, Any]:
    """``quickstart``'s model with and without crossmodal attention, each with a search of its own that ASHA stops."""
    content: dict[str, Any] = yaml.safe_load(find_space("quickstart").read_text(encoding="utf-8"))
    return content | {
        "study": "asha",
        "model": content["model"] | {"max_epochs": 30, "patience": 8},
        "arms": {"ablation": {"components": ["ca"], "design": "leave_one_out"}},
        "search": content["search"] | {"scope": "per_arm", "trials": num_trials, "scheduler": "asha"},
    }


@contextlib.contextmanager
def busy_neighbours(number: int) -> Iterator[None]:
    """``number`` processes that do nothing but use a processor."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_spin, daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _spin() -> None:
    while True:
        math.sqrt(2.0)


def hold(space: str, neighbours: int, data_dir: Path | None) -> Held:
    """Run ``space`` (a packaged name or a file) from nothing. Raises CalledProcessError if it fails."""
    with tempfile.TemporaryDirectory(prefix="e-") as folder, busy_neighbours(neighbours):
        program = Path(sys.executable).parent / "dmd-search"
        where = [] if data_dir is None else ["--data-dir", str(data_dir)]
        command = [str(program), "--space", space, "--out", folder, "--quiet", *where]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (directory,) = Path(folder).iterdir()
        manifest = StudyDirectory(directory).read_manifest()
        assert manifest is not None
        expected, taken = manifest.description.estimate, SessionTime()
        for line, _ in read_lines(directory / LEDGER_FILE):
            taken.see(line)
    return Held(
        space=Path(space).stem,
        neighbours=neighbours,
        expected_s=expected["wall_s"],
        low_s=expected["wall_low_s"],
        high_s=expected["wall_high_s"],
        took_s=taken.used_ms() / 1000,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", action="append", help="a packaged name or a file; may be repeated")
    parser.add_argument("--neighbours", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory(prefix="e-") as folder:
        own = Path(folder, "asha.yaml")
        own.write_text(yaml.safe_dump(asha_space(4 if options.quick else 16)), encoding="utf-8")
        spaces = [str(own)] if options.quick else options.space or ["quickstart", str(own)]
        for space in spaces:
            for number in [0] if options.quick else options.neighbours:
                held = hold(space, number, options.data_dir)
                print(
                    f"{held.space}, {held.neighbours} neighbours: expected {held.expected_s:.0f} s "
                    f"({held.low_s:.0f} to {held.high_s:.0f}), took {held.took_s:.0f} s: {held.ratio:.2f}",
                    flush=True,
                )
                runs.append(asdict(held) | {"ratio": round(held.ratio, 3)})
    worst = max((run["ratio"] for run in runs), key=lambda ratio: abs(math.log(ratio)))
    print(json.dumps({"runs": runs, "worst": worst}))


if __name__ == "__main__":
    main()
