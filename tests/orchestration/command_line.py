"""The product as a user has it: a small space in a file, and the console commands as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestration.ledger.ledger_file import read_events
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json

SPACE = """\
study: small
data:
  path: "planted:num_videos=9,clips_per_video=6"
  folds: {by: video, k: 3}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 3, gd.size_homo: 4}
arms:
  ablation: {rows: [{hetero_gd: false}, {fd: false, homo_gd: false, ca: false, hetero_gd: false}]}
  models: [ridge]
"""
SEARCH = """\
search:
  parameters: {learning_rate: {log_uniform: [0.001, 0.01]}, lambda1: {log_uniform: [0.01, 1.0]}}
  scope: baseline
  trials: 2
"""
CONFIRM = "confirm: {seeds: 2}\n"


def write_space(directory: Path, *sections: str) -> Path:
    """A space file of the common sections and the given ones."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "small.yaml"
    path.write_text("".join((SPACE, *sections, CONFIRM)))
    return path


def command(name: str, *arguments: str) -> list[str]:
    """The console script ``name`` of this environment, as a command line."""
    return [str(Path(sys.executable).parent / name), *arguments]


def run(name: str, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a console script to its end."""
    environment = dict(os.environ) | ({"HOME": str(home)} if home else {})
    return subprocess.run(command(name, *arguments), capture_output=True, text=True, env=environment, timeout=300)


def errors_in(stderr: str) -> list[str]:
    """What a refused command says, without the lines on what it was doing before."""
    return [line for line in stderr.splitlines() if not line.startswith(("reading ", "planning "))]


def records_in(study: Path) -> dict[str, RunRecord]:
    """The records in the ledger of a study directory, by trial, each told once."""
    events = [event for event, _ in read_events(study / "ledger.jsonl", kinds=("tell",))]
    told = [record_from_json(event.data["record"]) for event in events]
    assert len({record.trial_id for record in told}) == len(told)
    return {record.trial_id: record for record in told}


def results_in(study: Path) -> dict[str, object]:
    """What a study found, by trial: everything but how long it took."""
    return {
        trial_id: (
            record.status,
            record.error,
            dict(record.valid),
            dict(record.test or {}),
            [dict(point.metrics) for point in record.epochs],
            None if record.predictions is None else record.predictions.values.tolist(),
        )
        for trial_id, record in records_in(study).items()
    }
