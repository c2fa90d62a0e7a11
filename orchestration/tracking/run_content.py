"""The content of a trial's MLflow run: name, tags, parameters and metrics, computed without MLflow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestration.ledger.events import Event
from reports.records.json_values import numbers_from_json
from reports.records.run_record import RunRecord, Status
from search_spaces.terms.trial import Trial

TRIAL_ID_TAG = "trial_id"
STUDY_TAG = "study"
RESULT_TAG = "result_id"
CONTEXT_TAG = "context"
LIMIT_TAG = "limit"
WALL_TAG = "wall_s"
STAGE_TAG = "stage"
SUPERSEDED_TAG = "superseded"
PARENT_TAG = "mlflow.parentRunId"
MAX_TEXT = 5000

# MLflow draws the charts of a study in the order of these names, and test scores are what people open it for.
AT_BEST_EPOCH = "valid_at_best_epoch"
"""Prefix of metrics on validation at the epoch whose weights were kept."""
OF_CONSTANT = "test_of_constant"
"""Prefix of test metrics of the constant predictor, as which a failed run counts."""
PER_TRIAL = "trial"
"""Prefix of what a run took: seconds, epochs, parameters."""
SEARCH_RUNS = "report and search trials"
"""In the name of the study's run: what is to be found there."""
SUPERSEDED = "superseded"
"""The stage of a confirm run whose configuration a search that went on chooses no longer."""

# MLflow's names of terminal states.
RUN_STATUS: Mapping[Status, str] = {"completed": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


@dataclass(frozen=True)
class MetricPoint:
    """One value of one metric.

    Attributes:
        name: of the metric.
        value: finite.
        at_ms: time in the ledger, in milliseconds since 1970; a point that is sent twice stays one point.
        step: number of the epoch.
    """

    name: str
    value: float
    at_ms: int
    step: int


@dataclass
class RunContent:
    """What is to be added to one run.

    Attributes:
        points: values of metrics.
        tags: by name.
        params: by name.
    """

    points: list[MetricPoint] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)

    def add(self, other: RunContent) -> None:
        """Take in all of ``other``."""
        self.points += other.points
        self.tags |= other.tags
        self.params |= other.params

    def add_metrics(self, metrics: Mapping[str, float], at_ms: int, step: int) -> None:
        """Add metrics of one step; a non-finite one becomes a tag, since charts cannot show it.

        Args:
            metrics: name -> value.
            at_ms: when they were reported, milliseconds since 1970.
            step: the epoch; 0 for values of the whole trial.
        """
        for name, value in metrics.items():
            if math.isfinite(value):
                self.points.append(MetricPoint(name, float(value), at_ms, step))
            else:
                self.tags[f"non_finite/{name}"] = f"{float(value)} at step {step}"


def study_run_name(study: str) -> str:
    """The name of a study's run, which has the report and, folded, the search trials."""
    return f"{study} ({SEARCH_RUNS})"


def run_name(trial: Trial) -> str:
    """``full/fold-2/seed-1/4bc0ff``: arm, fold where there are folds, seed, beginning of the configuration's id."""
    cell = trial.cell
    fold = [] if cell.fold is None else [f"fold-{cell.fold}" if cell.repeat == 0 else f"fold-{cell.repeat}.{cell.fold}"]
    seed = "search" if trial.stage == "search" else f"seed-{trial.seed}"
    return "/".join([trial.arm, *fold, seed, trial.configuration_id[:6]])


def trial_tags(trial: Trial) -> dict[str, str]:
    """Tags that are known when a trial is planned."""
    return {
        TRIAL_ID_TAG: trial.id,
        RESULT_TAG: trial.result_id,
        CONTEXT_TAG: trial.context,
        "arm": trial.arm,
        "model": trial.model,
        STAGE_TAG: trial.stage,
        "configuration_id": trial.configuration_id,
        "fold": "official" if trial.cell.fold is None else str(trial.cell.fold),
        "repeat": str(trial.cell.repeat),
        "status": "running",
    }


def trial_params(trial: Trial) -> dict[str, str]:
    """Every setting, searched or fixed, and the seed."""
    values = {**trial.settings, **trial.parameters, "model": trial.model, "seed": trial.seed}
    return {name: str(value)[:MAX_TEXT] for name, value in values.items()}


def epoch_content(events: Iterable[Event]) -> RunContent:
    """The metrics of ``report`` events, those on validation first: MLflow's compare page begins with the first one."""
    content = RunContent()
    for event in events:
        metrics = numbers_from_json(event.data["metrics"])
        ordered = dict(sorted(metrics.items(), key=lambda item: not item[0].startswith("valid/")))
        content.add_metrics(ordered, event.at_ms, int(event.data["epoch"]))
    return content


def ending_content(record: RunRecord, at_ms: int) -> RunContent:
    """What is known at the end: the test metrics, those of the chosen epoch, cost, status.

    All of it is at step 0, where MLflow draws bars side by side; other steps would make lines of one point.
    """
    content = RunContent()
    content.add_metrics({f"{AT_BEST_EPOCH}/{name}": value for name, value in record.valid.items()}, at_ms, 0)
    for prefix, metrics in (("test", record.test), (OF_CONSTANT, record.fallback_test)):
        content.add_metrics({f"{prefix}/{name}": value for name, value in (metrics or {}).items()}, at_ms, 0)
    for condition, metrics in record.test_missing.items():
        content.add_metrics({f"test_missing/{condition}/{name}": value for name, value in metrics.items()}, at_ms, 0)
    cost = {"duration_s": record.duration_s, "num_epochs": record.num_epochs, "num_parameters": record.num_parameters}
    content.add_metrics({f"{PER_TRIAL}/{name}": value for name, value in cost.items()}, at_ms, 0)
    content.tags |= {"status": record.status, "attempts": str(record.attempts)}
    if record.reused_from is not None:
        content.tags["reused_from"] = record.reused_from[:MAX_TEXT]
    if record.best_epoch is not None:
        content.tags["best_epoch"] = str(record.best_epoch)
    if record.error is not None:
        content.tags["error"] = record.error[:MAX_TEXT]
    return content
