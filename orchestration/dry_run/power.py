"""Power analysis for the confirm stage: the smallest difference that so many confirm seeds detect at 80% power.

Student's t on paired differences within cells, at the level of the first step of Holm's procedure over the declared
contrasts. Runs of one seed in two arms are taken to be independent and both random, which holds for most contrasts and
is on the safe side where it does not. Without earlier runs the unit is the standard deviation of single runs. A method
without a trainable parameter (a closed form) is the same under every seed and no sample of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestration.dry_run.cost_estimate import Estimate
from orchestration.planning.planned_study import PlannedStudy
from reports.records.run_record import RunRecord
from reports.results.metrics import find_metric
from reports.statistics.interim.racing import LEVEL
from reports.statistics.power import smallest_detectable
from reports.statistics.rerun import noise_unit
from search_spaces.design.contrasts import ContrastPair

NUMBERS_OF_SEEDS = (3, 5, 8, 12, 20)


@dataclass(frozen=True)
class DetectableDifference:
    """The smallest difference that a number of confirm seeds detects.

    Attributes:
        num_seeds: confirm seeds per arm.
        num_confirm: confirm trials of the whole study with so many seeds.
        wall_s: seconds of the whole study with so many seeds.
        in_deviations: the difference in standard deviations of single runs.
        in_metric: the difference in the shown unit of the primary metric; None while that deviation is not known.
    """

    num_seeds: int
    num_confirm: int
    wall_s: float
    in_deviations: float
    in_metric: float | None


def detectable_differences(
    planned: PlannedStudy, estimate: Estimate, deviation: float | None
) -> tuple[DetectableDifference, ...]:
    """What the usual numbers of seeds, and the planned one, detect and cost.

    Args:
        planned: the study.
        estimate: its costs.
        deviation: standard deviation of single runs within a fold, in the shown unit; None if it is not known.

    Returns:
        One row per number of seeds; empty without a declared contrast of which the seed changes an arm.
    """
    family = sum(pair.in_family for pair in planned.contrasts)
    cells = len(planned.cells)
    if not any(pair.in_family and _is_random(planned, pair) for pair in planned.contrasts):
        return ()
    trained = [arm for arm in planned.running_arms if not arm.is_external]
    confirm_s = sum(estimate.arm_trial_s.get(arm.name, 0.0) for arm in trained) * cells * planned.space.confirm.top
    planned_s = confirm_s * (len(planned.certain_seeds) + len(planned.seeds)) / 2
    rows = []
    for number in sorted({*NUMBERS_OF_SEEDS, len(planned.seeds)}):
        df = cells * (number - 1)
        if df < 1:
            continue
        wall_s = estimate.wall_s.expected + (confirm_s * number - planned_s) / estimate.slots
        size = smallest_detectable(math.sqrt(2 / (number * cells)), df, LEVEL / family)
        in_metric = None if deviation is None else size * deviation
        rows.append(
            DetectableDifference(
                num_seeds=number,
                num_confirm=len(trained) * cells * number,
                wall_s=max(wall_s, 0.0),
                in_deviations=size,
                in_metric=in_metric,
            )
        )
    return tuple(rows)


def _is_random(planned: PlannedStudy, pair: ContrastPair) -> bool:
    """Whether the seed changes an arm of a contrast, or may: of predictions of other code it is not known."""
    facts = [planned.facts.get(arm) for arm in (pair.first, pair.second)]
    return any(found is None or found.num_parameters > 0 for found in facts)


def pooled_run_std(records: Sequence[RunRecord], metric: str) -> float | None:
    """The standard deviation of single confirm runs of one arm in one cell, in the shown unit of ``metric``.

    Pooled over the arms that the seed changes; None where no such arm has two runs in a cell.
    """
    arms = sorted({record.arm for record in records})
    cells = sorted({(record.repeat, record.fold) for record in records}, key=str)
    seeds = sorted({record.seed for record in records})
    scores = np.full((len(arms), len(seeds), len(cells)), np.nan)
    for record in records:
        if record.stage == "confirm" and record.test is not None and metric in record.test:
            index = arms.index(record.arm), seeds.index(record.seed), cells.index((record.repeat, record.fold))
            scores[index] = record.test[metric]
    deviation = noise_unit(*scores) if arms else None
    return None if deviation is None else deviation * find_metric(metric).factor
