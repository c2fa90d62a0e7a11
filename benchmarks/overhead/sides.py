"""What both sides of the comparison share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STUDY = "overhead"
NUM_ACTORS = 2


@dataclass(frozen=True)
class Side:
    """What one side did. trials: that have ended. began: when the first worker began its first trial; ended: when the
    last run was terminated in MLflow; seconds since 1970."""

    trials: int
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def store_in(directory: Path) -> str:
    """The address of the SQLite store of a side."""
    return f"sqlite:///{directory / 'mlflow.db'}"
