"""Values on how a study went: failures, cost, and where its numbers come from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.sections.run_log.origins import CellOrigin, RowCommand


@dataclass(frozen=True)
class FailureRow:
    """One trial that failed, and what it scores as.

    Attributes:
        trial_id, arm, stage, seed, cell: which trial it was.
        attempts: how often it was started.
        epochs: epochs it trained before it failed.
        error: why it failed, in one line.
        scored_as: what stands for its score, in words.
    """

    trial_id: str
    arm: str
    stage: str
    seed: int
    cell: str
    attempts: int
    epochs: int
    error: str
    scored_as: str


@dataclass(frozen=True)
class FailureTable:
    """Every failed trial. missing: confirm trials that were planned and have no record, as (arm, seed, cell)."""

    rows: tuple[FailureRow, ...]
    missing: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class CostRow:
    """What one arm cost in one stage.

    Attributes:
        arm, stage: by name.
        trials: all that ended.
        reused: those of the trials whose results were reused from other studies.
        epochs: of the other trials; None for a method that no gradient trains, whose rounds are other things (a path of
            penalties).
        device_s: seconds that the other trials held their device, summed.
    """

    arm: str
    stage: str
    trials: int
    reused: int
    epochs: int | None
    device_s: float

    @property
    def trial_s(self) -> float | None:
        """Seconds of one trial that ran here; None if none did."""
        return self.device_s / (self.trials - self.reused) if self.trials > self.reused else None


@dataclass(frozen=True)
class CostTable:
    """Cost per arm and stage. origins: (study, trials that were reused from it), in the order of names."""

    rows: tuple[CostRow, ...]
    origins: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> CostRow:
        """All arms and stages together."""
        return CostRow(
            arm="",
            stage="",
            trials=sum(row.trials for row in self.rows),
            reused=sum(row.reused for row in self.rows),
            epochs=sum(row.epochs or 0 for row in self.rows),
            device_s=math.fsum(row.device_s for row in self.rows),
        )


@dataclass(frozen=True)
class Sitting:
    """One session that planned something.

    Attributes:
        adds: what, in words, with its day.
        command: that ran it.
        space: path of the search space as it ran then; empty if not kept.
    """

    adds: str
    command: str
    space: str = ""


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    Attributes:
        data, environment, fixed: ordered (key, text) pairs.
        command: how to run the study again; empty if not recorded.
        rows: the same for single arms.
        cells: the trials behind every arm on every cell.
        sittings: the commands that planned the study; empty where one planned it all.
        spaces: paths of the search spaces as they ran last; several of a merged study.
        has_plugins: whether these need plugins, which lie in the study's directory alone.
    """

    data: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, str], ...]
    command: str
    rows: tuple[RowCommand, ...]
    cells: tuple[CellOrigin, ...]
    sittings: tuple[Sitting, ...] = ()
    spaces: tuple[str, ...] = ()
    has_plugins: bool = False
