"""What is measured of one build, once each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fixed_costs.sides import Side

SPACE = Path(__file__).with_name("small.yaml")


@dataclass(frozen=True)
class Ended:
    """A command that ended. peak_mb: largest resident memory of one of its processes."""

    seconds: float
    peak_mb: float
    started_at: float
    ended_at: float


_WATCH = """
import json, resource, subprocess, sys, time
started = time.time()
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps([code == int(sys.argv[1]), started, time.time(), peak]))
"""


def run(side: Side, program: str, *arguments: str, code: int = 0) -> Ended:
    """Run a command to its end. Raises RuntimeError where it ends with another code than ``code``."""
    # In a process of its own, whose only child it is: peak memory is counted per parent.
    watch = [sys.executable, "-c", _WATCH, str(code), *side.command(program, *arguments)]
    # Python looks for modules where it is started, before PYTHONPATH.
    done = subprocess.run(watch, cwd=side.root, env=side.environment, check=True, capture_output=True, text=True)
    is_right, started, ended, peak = json.loads(done.stdout)
    if not is_right:
        raise RuntimeError(f"{side.name}: dmd-{program} {' '.join(arguments)} did not end with code {code}")
    return Ended(ended - started, peak, started, ended)


def measure_study(side: Side, place: Path) -> dict[str, float]:
    """A whole study: seconds to its first epoch, from its last ending to its end, and altogether."""
    ended = run(side, "search", "--space", str(SPACE), "--out", str(place))
    at: dict[str, list[float]] = {}
    for line in (place / "quickstart" / "ledger.jsonl").read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        at.setdefault(event["kind"], []).append(event["at"] / 1000)
    return {
        "first_epoch": min(at["report"]) - ended.started_at,
        "end": ended.ended_at - max(at["tell"]),
        "quickstart": ended.seconds,
    }


def measure_dry_run(side: Side, place: Path) -> dict[str, float]:
    return {"dry_run": run(side, "search", "--space", str(SPACE), "--out", str(place), "--dry-run").seconds}


def measure_answers(side: Side, place: Path) -> dict[str, float]:
    """The help, and the refusal of a file that is no YAML and of one that breaks a rule."""
    broken, wrong = place / "broken.yaml", place / "wrong.yaml"
    broken.write_text("study: [\n")
    wrong.write_text(SPACE.read_text().replace("trials: 4", "trials: -4"))
    return {
        "help": run(side, "search", "--help").seconds,
        "yaml_error": run(side, "search", "--space", str(broken), code=2).seconds,
        "space_error": run(side, "search", "--space", str(wrong), code=2).seconds,
    }


def measure_report(side: Side, study: Path, place: Path, name: str) -> dict[str, float]:
    """A report of a made-up study: seconds, and peak memory in megabytes."""
    ended = run(side, "report", str(study), "--out", str(place))
    return {f"report_{name}": ended.seconds, f"report_{name}_mb": ended.peak_mb}


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of every measure."""
    return {name: sorted(found[name] for found in runs)[len(runs) // 2] for name in runs[0]}
