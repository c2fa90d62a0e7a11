"""Values of the ablation: measured arms, declared contrasts and methods.

Estimates are in the unit that the metric is shown in (accuracies and F1 in per cent).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.records.study_description import Contrast
from reports.results.estimates import EstimatePair
from reports.results.results import RunCounts
from reports.sections.ablation.component_ticks import Tick, ticks_of
from reports.sections.paper_tables.published import AblationRow
from reports.statistics.effect_size import EffectSize, ImprovementProbability
from reports.statistics.verdict import Verdict


@dataclass(frozen=True)
class Measured:
    """One metric of one arm.

    estimates: the primary analysis; None where the arm has no run.
    survivors: completed runs alone; None unless the arm has failed runs and completed ones.
    """

    estimates: EstimatePair | None
    survivors: EstimatePair | None


@dataclass(frozen=True)
class ArmRow:
    """One arm in the tables.

    Attributes:
        arm, label, role, model: as in :class:`~reports.records.study_description.ArmDescription`.
        components: likewise.
        facts: likewise.
        counts: its confirm runs.
        measured: metric -> its estimates.
        published: its row of Table 3; None if it has none.
        varying: as in ``ArmDescription``.
    """

    arm: str
    label: str
    role: str
    model: str
    components: Mapping[str, bool]
    facts: Mapping[str, Any]
    counts: RunCounts
    measured: Mapping[str, Measured]
    published: AblationRow | None
    varying: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def ticks(self) -> Mapping[str, Tick]:
        """Component -> whether the arm was trained with it."""
        return ticks_of(self.components, self.varying)


@dataclass(frozen=True)
class AblationTable:
    """Arms as planned, baseline included.

    Attributes:
        rows: one per arm.
        components: component -> its label, in display order.
        dataset: of the published column; empty where the data are not published ones.
    """

    rows: tuple[ArmRow, ...]
    components: Mapping[str, str]
    dataset: str


@dataclass(frozen=True)
class MetricDifference:
    """``first`` minus ``second`` in one metric, with sizes; no claim is made from anything but the primary metric.

    Attributes:
        estimates: the estimates; None where no pair of runs is complete, or no run of either arm completed.
        survivors: the same of completed runs alone; None where no run failed.
        effect: in run standard deviations; None where the runs do not vary.
        improvement: chance that a run of ``first`` beats its pair; None where the arms share no seeds.
    """

    estimates: EstimatePair | None
    survivors: EstimatePair | None
    effect: EffectSize | None
    improvement: ImprovementProbability | None


@dataclass(frozen=True)
class PValues:
    """Raw and corrected p-values of one contrast on the primary metric; None where untestable.

    Attributes:
        rerun, new_data: of the two questions.
        both: of both together (intersection-union).
        rerun_holm, new_data_holm, both_holm: the same, corrected over the declared contrasts by Holm's procedure.
    """

    rerun: float | None
    new_data: float | None
    both: float | None
    rerun_holm: float | None
    new_data_holm: float | None
    both_holm: float | None


@dataclass(frozen=True)
class ContrastRow:
    """One declared contrast.

    Attributes:
        contrast: the two arms.
        differences: metric -> the difference.
        p_values, verdict: on the primary metric.
        failed: failed runs in the two arms together.
    """

    contrast: Contrast
    differences: Mapping[str, MetricDifference]
    p_values: PValues
    verdict: Verdict
    failed: int

    @property
    def estimates_by_metric(self) -> dict[str, EstimatePair | None]:
        """Metric -> the value with both intervals."""
        return {name: difference.estimates for name, difference in self.differences.items()}


@dataclass(frozen=True)
class Comparison:
    """A comparison beside the declared family: intervals, no p-value, no verdict.

    Attributes:
        contrast: the two arms.
        differences: metric -> the difference.
        failed: failed runs in the two arms together.
    """

    contrast: Contrast
    differences: Mapping[str, MetricDifference]
    failed: int


@dataclass(frozen=True)
class ContrastTable:
    """rows: the declared contrasts, the family that p-values are corrected over. undeclared: shown without claim."""

    rows: tuple[ContrastRow, ...]
    undeclared: tuple[Comparison, ...] = ()

    @property
    def everything(self) -> tuple[ContrastRow | Comparison, ...]:
        """Every comparison that is shown, the declared ones first."""
        return (*self.rows, *self.undeclared)


@dataclass(frozen=True)
class ModelRow:
    """Another method beside the baseline. to_baseline: baseline minus method, None for the baseline itself."""

    row: ArmRow
    to_baseline: MetricDifference | None


@dataclass(frozen=True)
class MeasuredArms:
    """Every arm of a study as measured.

    Attributes:
        ablation: the baseline, its ablations and its controls.
        models: the baseline and every other method; empty without other methods.
    """

    ablation: AblationTable
    models: tuple[ModelRow, ...] = ()

    @property
    def by_name(self) -> dict[str, ArmRow]:
        """Each arm once, by its name: those of the ablation first, then the other methods."""
        return {row.arm: row for row in (*self.ablation.rows, *(model.row for model in self.models))}
