"""What a report says, as values: computed by :mod:`reports.analysis`, drawn by markdown, CSV and whatever comes later.

Estimates are in the unit that the metric is shown in (accuracies and F1 in per cent).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.records.record import Contrast, StudyDescription
from reports.results.estimates import Answers
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunCounts
from reports.sections.ablation.component_ticks import Tick, ticks_of
from reports.sections.attribution.values import Attribution
from reports.sections.hyperparameters.configurations import BestConfigurations
from reports.sections.hyperparameters.values import Hyperparameters
from reports.sections.model_inside.edges import EdgeGraphs
from reports.sections.model_inside.feature_maps import FeatureMaps
from reports.sections.model_inside.learning_curves import LearningCurves
from reports.sections.paper_tables.published import AblationRow
from reports.sections.paper_tables.table import PaperTable
from reports.sections.pareto.values import ParetoTable
from reports.sections.power.values import Detection
from reports.sections.run_log.origins import CellOrigin, RowCommand
from reports.sections.seed_race.values import RaceTable
from reports.sections.tuning.values import Budget
from reports.statistics.effect_size import EffectSize, ImprovementProbability
from reports.statistics.verdict import Verdict


@dataclass(frozen=True)
class Measured:
    """One metric of one arm.

    answers: the primary analysis; None where the arm has no run.
    survivors: completed runs alone; None unless the arm has failed runs and completed ones.
    """

    answers: Answers | None
    survivors: Answers | None


@dataclass(frozen=True)
class ArmRow:
    """One arm in the tables.

    published: its row of Table 3, if it has one; components, varying: as in ArmDescription.
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

    components: toggles in display order. dataset: of the published column; empty where the data are not published ones.
    """

    rows: tuple[ArmRow, ...]
    components: tuple[str, ...]
    dataset: str


@dataclass(frozen=True)
class MetricDifference:
    """``first`` minus ``second`` in one metric, with sizes; no claim is made from anything but the primary metric."""

    answers: Answers | None
    survivors: Answers | None
    effect: EffectSize | None
    improvement: ImprovementProbability | None


@dataclass(frozen=True)
class PValues:
    """Raw and Holm-corrected p-values of one contrast on the primary metric; None where untestable."""

    rerun: float | None
    new_data: float | None
    both: float | None
    rerun_holm: float | None
    new_data_holm: float | None
    both_holm: float | None


@dataclass(frozen=True)
class ContrastRow:
    """One declared contrast. failed: failed runs in the two arms together."""

    contrast: Contrast
    differences: Mapping[str, MetricDifference]
    p_values: PValues
    verdict: Verdict
    failed: int

    @property
    def answers_by_metric(self) -> dict[str, Answers | None]:
        """Metric -> the value with both intervals."""
        return {name: difference.answers for name, difference in self.differences.items()}


@dataclass(frozen=True)
class Comparison:
    """A comparison beside the declared family: intervals, no p-value, no verdict. failed: as in ContrastRow."""

    contrast: Contrast
    differences: Mapping[str, MetricDifference]
    failed: int


@dataclass(frozen=True)
class ContrastTable:
    """rows: the declared contrasts, the family that p-values are corrected over. beside: shown without claim."""

    rows: tuple[ContrastRow, ...]
    beside: tuple[Comparison, ...] = ()

    @property
    def everything(self) -> tuple[ContrastRow | Comparison, ...]:
        """Every comparison that is shown, the declared ones first."""
        return (*self.rows, *self.beside)


@dataclass(frozen=True)
class ModelRow:
    """Another method beside the baseline. to_baseline: baseline minus method, None for the baseline itself."""

    row: ArmRow
    to_baseline: MetricDifference | None


@dataclass(frozen=True)
class FailureRow:
    """One trial that failed, and what it scores as."""

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

    reused: those of the trials whose results were taken over from other studies. epochs, device_s (seconds that a trial
    held its device, summed): of the others. epochs: None for a method that no gradient trains, whose rounds are other
    things (a path of penalties).
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
    """Cost per arm and stage. origins: (study, trials that were taken over from it), in the order of names."""

    rows: tuple[CostRow, ...]
    origins: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> CostRow:
        """All arms and stages together."""
        return CostRow(
            "",
            "",
            sum(row.trials for row in self.rows),
            sum(row.reused for row in self.rows),
            sum(row.epochs or 0 for row in self.rows),
            math.fsum(row.device_s for row in self.rows),
        )


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from. data, environment, fixed: ordered (key, text) pairs.

    command: how to run it again; empty if not recorded. rows: the same for single arms. cells: the trials behind every
    arm on every cell.
    """

    data: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, str], ...]
    command: str
    rows: tuple[RowCommand, ...]
    cells: tuple[CellOrigin, ...]


@dataclass(frozen=True)
class Report:
    """Everything that a report shows. answer: the first paragraph, in sentences. warnings: sentences.

    race: how many seeds the contrasts took; None where the number of seeds was fixed. pareto: None for one objective.
    scored: ids of the configurations that were scored on the test part.
    """

    study: StudyDescription
    results: ResultsTable
    metrics: tuple[Metric, ...]
    answer: tuple[str, ...]
    ablation: AblationTable
    contrasts: ContrastTable
    detection: Detection
    attribution: Attribution
    race: RaceTable | None
    pareto: ParetoTable | None
    models: tuple[ModelRow, ...]
    paper: tuple[PaperTable, ...]
    configurations: BestConfigurations
    hyperparameters: Hyperparameters
    budget: Budget
    learning: LearningCurves
    edges: EdgeGraphs
    features: FeatureMaps
    scored: frozenset[str]
    failures: FailureTable
    cost: CostTable
    warnings: tuple[str, ...]
    provenance: Provenance

    @property
    def primary(self) -> Metric:
        """The metric that claims are made on."""
        return self.metrics[0]
