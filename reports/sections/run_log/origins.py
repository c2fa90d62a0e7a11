"""Which trials stand behind every cell of the tables, and the command that makes one row again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable

FRESH_DIRECTORY = "again"
"""Where a row is made again: beside the study, whose directory would say that everything is done already."""

_WITH_VALUE = ("--only", "--out", "--reuse", "--tracking-uri")
_FLAGS = ("--dry-run", "--report-only", "--fresh", "--json", "--quiet")


@dataclass(frozen=True)
class CellOrigin:
    """One arm on one cell: the runs that its numbers there are means of.

    Attributes:
        arm, cell: by name.
        configuration_id: hash of the settings.
        components: component -> whether it is on, as the arm was trained there.
        num_parameters: of the trained model; None where no run completed.
        seeds, trial_ids: of the confirm runs, in the order of seeds.
        means: metric -> mean over them as shown, a failed run scoring as the constant predictor; None where no
            run has a score.
    """

    arm: str
    cell: str
    configuration_id: str
    components: Mapping[str, bool]
    num_parameters: int | None
    seeds: tuple[int, ...]
    trial_ids: tuple[str, ...]
    means: Mapping[str, float | None]


@dataclass(frozen=True)
class RowCommand:
    """The command that runs one arm alone."""

    arm: str
    command: str


def trace_cells(study: StudyDescription, results: ResultsTable, metrics: Sequence[Metric]) -> tuple[CellOrigin, ...]:
    """Every cell with a run, in the order of arms and cells.

    Args:
        study, results: what was planned, and the runs.
        metrics: in display order.
    """
    places = [(results.metrics.index(metric.name), metric) for metric in metrics]
    arms = {arm.name: arm for arm in study.arms}
    by_cell: dict[tuple[int, int], list[int]] = {}
    for arm, seed, cell in sorted(results.runs):
        by_cell.setdefault((arm, cell), []).append(seed)
    return tuple(
        CellOrigin(
            arm=results.arms[arm],
            cell=results.cells[cell].name,
            configuration_id=results.runs[arm, seeds[0], cell].configuration_id,
            components=_components(arms[results.arms[arm]], results.runs[arm, seeds[0], cell]),
            num_parameters=_size(results.runs[arm, seed, cell] for seed in seeds),
            seeds=tuple(results.seeds[seed] for seed in seeds),
            trial_ids=tuple(results.runs[arm, seed, cell].trial_id for seed in seeds),
            means={
                metric.name: _mean(results.scores[arm, seeds, cell, place] * metric.factor) for place, metric in places
            },
        )
        for (arm, cell), seeds in sorted(by_cell.items())
    )


def _components(arm: ArmDescription, run: RunRecord) -> dict[str, bool]:
    """Those that vary from cell to cell as the run has them."""
    return {**arm.components, **{name: bool(run.settings[name]) for name in arm.varying}}


def _size(runs: Iterable[RunRecord]) -> int | None:
    return next((run.num_parameters for run in runs if run.status == "completed"), None)


def _mean(scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    present = scores[np.isfinite(scores)]
    return float(present.mean()) if present.size else None


def row_commands(study: StudyDescription, results: ResultsTable, command: str) -> tuple[RowCommand, ...]:
    """The command of every arm, from the one that ran the study.

    In a race the arms decide together how many seeds each gets; a row alone is given the number that it got. In a
    merged study an arm is run again as the first of its studies ran it.

    Args:
        study, results: what was planned, and the runs.
        command: what ran the study; empty if not recorded.

    Returns:
        One command per arm; empty where ``command`` is.
    """
    commands = []
    for arm in results.arms:
        own, name = _command_of(study, arm, command)
        base = _without_choices(_words(own))
        if not base:
            continue
        num_seeds = len({seed for seed, _ in results.runs_of(arm)})
        raced = ["--set", f"confirm={{seeds: {num_seeds}}}"] if study.confirm.get("racing") and num_seeds else []
        commands.append(RowCommand(arm, shlex.join([*base, *raced, "--only", name, "--out", FRESH_DIRECTORY])))
    return tuple(commands)


def _command_of(study: StudyDescription, arm: str, command: str) -> tuple[str, str]:
    """The command of the study that ran an arm, and what the arm is called there."""
    for part in study.parts:
        if arm in part.arms:
            return part.command, part.arms[arm]
    return command, arm


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _without_choices(words: Sequence[str]) -> list[str]:
    """The command without what says where results go or come from, how they are shown, and which arms are meant."""
    kept: list[str] = []
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word in _WITH_VALUE:
            is_value = True
        elif word not in _FLAGS and word.partition("=")[0] not in _WITH_VALUE:
            kept.append(word)
    return kept
