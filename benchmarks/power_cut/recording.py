"""A short real study, recorded: three sessions of the command, each with the process that writes to MLflow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.power_cut.disk import Disk
from benchmarks.power_cut.operations import Operation, read_operations, traced
from orchestration.ledger.events import check_line
from orchestration.ledger.file_names import LEDGER_FILE

STUDY = "cut"
SPACE = f"""\
study: {STUDY}
data: {{path: "planted:num_videos=8,clips_per_video=4"}}
model: {{name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 2, patience: 2, gd.size_homo: 4}}
arms: {{models: [ridge]}}
search:
  parameters: {{learning_rate: {{log_uniform: [0.0005, 0.02]}}}}
  scope: baseline
  trials: 2
confirm: {{seeds: 2}}
resources: {{cpu: 1}}
"""
# It ends in the middle, goes on, and is run once more when all is done.
_SESSIONS: tuple[tuple[str, ...], ...] = (("--set", "limits.trials=3"), (), ())
_NAMELESS = re.compile(r"[0-9a-f]{8,}|(?<=\.report-)\w+|\d+")


@dataclass(frozen=True)
class Recording:
    """root: holds ``runs`` with the study, and ``temporary``, the place of temporary files."""

    root: Path
    operations: Sequence[Operation]

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def study(self) -> Path:
        return self.runs / STUDY

    def moments(self) -> Iterator[tuple[Operation, Disk]]:
        """The disk below ``runs`` after every operation there."""
        disk, temporary = Disk(self.runs), Disk(self.root / "temporary")
        for operation in self.operations:
            if self.runs in operation.path.parents:
                disk.do(operation, _copied(operation, (disk, temporary)))
                yield operation, disk
            elif operation.kind != "link" and temporary.root in operation.path.parents:
                # A place that copies come from; nothing of it must stay.
                temporary.do(operation, _copied(operation, (disk, temporary)))


def record(root: Path, space: Path) -> Recording:
    """Run the sessions in ``root``, which is empty. Raises SystemExit if one fails."""
    for name in ("runs", "temporary"):
        (root / name).mkdir()
    program = Path(sys.executable).with_name("dmd-search")
    command = [str(program), "--space", str(space), "--out", str(root / "runs"), "--executor", "inline", "--quiet"]
    operations: list[Operation] = []
    for session in _SESSIONS:
        log = root / "calls"
        done = subprocess.run(
            traced([*command, *session], log),
            env=os.environ | {"TMPDIR": str(root / "temporary")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"the recorded study ends with code {done.returncode}: {done.stderr[-500:]}")
        operations += [found for found in read_operations(log, (root / "runs", root / "temporary")) if _counts(found)]
        log.unlink()
    return Recording(root, operations)


def kind_of(operation: Operation, root: Path) -> str:
    """What was done to what, in words that are equal for the same thing."""
    name = _NAMELESS.sub("*", str(operation.path.relative_to(root)))
    return f"{operation.kind} {name}"


def endings_in(lines: bytes) -> frozenset[str]:
    """The trials that a ledger of these lines says have ended."""
    checked = [line for text in lines.splitlines(keepends=True) if (line := check_line(text)) is not None]
    return frozenset(line.decode().trial_id for line in checked if line.kind == "tell")


def is_ledger_sync(operation: Operation) -> bool:
    """Whether the ledger is on disk then: an ending counts from that moment on."""
    return operation.kind == "sync" and operation.path.name == LEDGER_FILE


def _counts(operation: Operation) -> bool:
    """Logs say how it went; nothing is read from them."""
    return "logs" not in operation.path.parts


def _copied(operation: Operation, disks: Sequence[Disk]) -> bytes:
    if operation.kind != "copy" or operation.other is None:
        return b""
    disk = next(disk for disk in disks if disk.root in operation.other.parents)
    return disk.read(operation.other)[operation.source.start : operation.source.stop]
