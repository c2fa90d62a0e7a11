"""The tracker's position in the ledger, in a file beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.process.atomic_files import write_whole

POSITION_FILE = "tracking.json"


@dataclass(frozen=True)
class Position:
    """What has been delivered.

    Attributes:
        offset: bytes of the ledger that are delivered.
        parent_run: MLflow's id of the study's run; None before it is created.
        runs: by trial id, the runs of trials that have not ended.
    """

    offset: int = 0
    parent_run: str | None = None
    runs: Mapping[str, str] = field(default_factory=dict)


def load_position(directory: Path, target: str, ledger_length: int) -> Position:
    """The saved position, or the beginning of the ledger: everything is then delivered again, no run is added twice.

    Args:
        directory: the study's.
        target: the tracking address, without credentials; a position of another address is ignored.
        ledger_length: in bytes; a position behind it belongs to another ledger and is ignored.
    """
    try:
        content = json.loads((directory / POSITION_FILE).read_text(encoding="utf-8"))
        if content["target"] == target and 0 <= content["offset"] <= ledger_length:
            return Position(content["offset"], content["parent_run"], dict(content["runs"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Position()
    return Position()


def save_position(directory: Path, target: str, position: Position) -> None:
    """Save a position atomically; it is on disk on return.

    Args:
        directory: the study's.
        target: the tracking address, without credentials.
        position: in the ledger.
    """
    content = {
        "target": target,
        "offset": position.offset,
        "parent_run": position.parent_run,
        "runs": dict(position.runs),
    }
    write_whole(directory / POSITION_FILE, json.dumps(content).encode())
