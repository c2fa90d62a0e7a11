"""What the study cost: trials, epochs and device-seconds per arm and stage."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import get_args

from reports.records.run_record import RunRecord, Stage
from reports.records.study_description import StudyDescription
from reports.sections.run_log.values import CostRow, CostTable


def tabulate_cost(study: StudyDescription, records: Sequence[RunRecord]) -> CostTable:
    """Cost of every trial that ended, however it ended; arms without trials have no row, nor have external ones."""
    by_stage: dict[tuple[str, Stage], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_stage[record.arm, record.stage].append(record)
    rows = []
    for arm in study.arms:
        if arm.is_external:
            continue
        for stage in get_args(Stage):
            if runs := by_stage[arm.name, stage]:
                own = [run for run in runs if run.reused_from is None]
                # fsum is exact: the total does not depend on the order of the records.
                device_s = math.fsum(run.device_s for run in own)
                epochs = sum(run.num_epochs for run in own) if arm.has_gradients else None
                rows.append(
                    CostRow(
                        arm=arm.name,
                        stage=stage,
                        trials=len(runs),
                        reused=len(runs) - len(own),
                        epochs=epochs,
                        device_s=device_s,
                    )
                )
    origins = Counter(record.reused_from for record in records if record.reused_from is not None)
    return CostTable(tuple(rows), tuple(sorted(origins.items())))
