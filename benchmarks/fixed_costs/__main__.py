"""What commands cost besides training, by this build and by another commit's, in turns.

    python -m benchmarks.fixed_costs [--against COMMIT] [--repeats 3] [--only MEASURE ...] [--scratch DIR]

The measures, in seconds: ``first_epoch``: from the start of ``dmd-search`` on a small study (``small.yaml``, new, with
Ray and MLflow) to its first epoch; ``end``: from the ending of its last trial to the end of the command, the report
written and delivered; ``quickstart``: the whole command; ``dry_run``: the same with ``--dry-run``; ``report_730``,
``report_10000``: ``dmd-report`` on a made-up study of so many trials, with ``_mb``, the peak of its resident memory;
``help``; ``yaml_error``, ``space_error``: the refusal of a file that is no YAML, and of a value that breaks a rule.

Medians of ``--repeats`` runs, the builds taking turns. What runs beside it on the machine counts: the load is printed.
The last line is JSON: ``{MEASURE: {"ours_s": , "base_s": , "ratio": }, ...}`` (``_mb`` in megabytes).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.fixed_costs.measures import (
    measure_answers,
    measure_dry_run,
    measure_report,
    measure_study,
    medians,
)
from benchmarks.fixed_costs.sides import Side, sides

SHAPES: Mapping[str, tuple[int, int, int]] = {"730": (730, 20, 5), "10000": (10_000, 20, 20)}
"""Trials, arms and confirm seeds of the made-up studies; the first has 690, as 20 arms divide them."""
GROUPS = ("study", "dry_run", "answers", *(f"report_{name}" for name in SHAPES))

Measure = Callable[[Side, Path], dict[str, float]]


def prepare(builds: tuple[Side, ...], groups: list[str], place: Path) -> Mapping[str, Measure]:
    """The measures that are wanted; made-up studies are written once by each build."""
    measures: dict[str, Measure] = {
        "study": measure_study,
        "dry_run": measure_dry_run,
        "answers": measure_answers,
    }
    for name, shape in SHAPES.items():
        if f"report_{name}" in groups:
            for side in builds:
                side.write_study(place / f"{side.name}-{name}", *shape)
            measures[f"report_{name}"] = lambda side, folder, name=name: measure_report(  # type: ignore[misc]
                side, place / f"{side.name}-{name}", folder, name
            )
    return {name: measures[name] for name in groups}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="COMMIT", help="compare with the build of this commit")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="MEASURE", help=f"{GROUPS}")
    parser.add_argument("--scratch", type=Path, help="a folder with some hundred MB of room")
    options = parser.parse_args()
    runs: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    with sides(options.against) as builds, tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        place = Path(folder)
        measures = prepare(tuple(builds), options.only, place)
        for repeat in range(options.repeats):
            for group, measure in measures.items():
                for side in builds if repeat % 2 == 0 else tuple(reversed(builds)):
                    scratch = place / "run"
                    scratch.mkdir()
                    found = measure(side, scratch)
                    shutil.rmtree(scratch)
                    runs[group][side.name].append(found)
                    shown = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
                    print(f"{repeat + 1} {side.name:5} load {os.getloadavg()[0]:4.1f}  {shown}", flush=True)
    print(json.dumps(summarise(runs)))


def summarise(runs: Mapping[str, Mapping[str, list[dict[str, float]]]]) -> dict[str, dict[str, float]]:
    """Measure -> medians of both builds, and ours over the other."""
    summary: dict[str, dict[str, float]] = {}
    for of_sides in runs.values():
        ours = medians(of_sides["ours"])
        base = medians(of_sides["base"]) if "base" in of_sides else {}
        for name, value in ours.items():
            unit = "mb" if name.endswith("_mb") else "s"
            summary[name] = {f"ours_{unit}": round(value, 3)}
            if name in base:
                summary[name] |= {f"base_{unit}": round(base[name], 3), "ratio": round(value / base[name], 3)}
    return summary


if __name__ == "__main__":
    main()
