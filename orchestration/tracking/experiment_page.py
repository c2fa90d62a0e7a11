"""What a person finds on a study's page in MLflow's UI: saved views of its runs, and a description with links.

MLflow draws a list without a single metric, and folds child runs under their parent. So the confirm runs are nobody's
children, and two saved views, which are tags of the experiment, list the runs with the columns that matter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from orchestration.tracking.run_content import (
    AT_BEST_EPOCH,
    OF_CONSTANT,
    PER_TRIAL,
    SEARCH_RUNS,
    STAGE_TAG,
    SUPERSEDED,
)
from reports.records.study_description import StudyDescription
from reports.results.metrics import known_metric

NOTE_TAG = "mlflow.note.content"
"""The tag that MLflow's UI shows as the description of a run or an experiment, in Markdown."""

VIEW_TAG = "mlflow.sharedViewState."
"""Begins the tags that MLflow's UI lists under "Views"; the rest of the name is the view's key in addresses."""

CONFIRM_VIEW, SEARCH_VIEW, SUPERSEDED_VIEW = "confirm", "search", SUPERSEDED
_NUM_TESTS = 3
"""Test scores in a list: the UI orders columns by the alphabet, and the primary one must be in view."""
_BY_NAME = "tags.`mlflow.runName`"
"""Runs are called arm/fold/seed/configuration."""
_MOST_COLUMNS = 24
"""The tag of a view has 5,000 characters at most."""

_MODEL_TRAINING = {"workflowType": "machine_learning"}
"""Without it the UI opens with its pages for language models."""

NAMES_NOTE = f"""\
How things are called here:

- `test/...`: on the test part, scored once, after training. `{OF_CONSTANT}/...`: what the constant predictor scores on
  the same part; a failed run counts as this.
- `valid/...`, `train/...`: epoch by epoch. `{AT_BEST_EPOCH}/...`: at the epoch whose weights were kept (tag
  `best_epoch`).
- `{PER_TRIAL}/...`: what a run took.
- Runs are called arm/fold/seed/configuration; the search trials are inside the run that ends in
  "{SEARCH_RUNS}", and so are confirm runs of configurations that a longer search has replaced ("{SUPERSEDED}"), which
  no estimate has."""


def page_tags(experiment: str, study: StudyDescription) -> dict[str, str]:
    """The tags of a study's experiment from its beginning: the views, and a description without an answer.

    Args:
        experiment: MLflow's id of it.
        study: its description.
    """
    note = f"{describe_links(experiment, study)}\n\n{NAMES_NOTE}"
    return {**view_tags(study), NOTE_TAG: note}


def describe_links(experiment: str, study: StudyDescription, report: str | None = None) -> str:
    """Links to a study's pages, as Markdown in one line: MLflow's UI folds the rest of a description away.

    Args:
        experiment: MLflow's id of it.
        study: its description.
        report: ``<id of the run that has it>/artifacts/<its file>``; None before there is one.
    """
    links = [
        f"[confirm runs]({list_address(experiment)})",
        f"[their charts]({list_address(experiment, compareRunsMode='CHART')})",
    ]
    if study.search:
        links.append(f"[search trials]({list_address(experiment, SEARCH_VIEW)})")
    if may_have_superseded(study):
        links.append(f"[superseded confirm runs]({list_address(experiment, SUPERSEDED_VIEW)})")
    if report is not None:
        links.insert(0, f"**[Report](#/experiments/{experiment}/runs/{report}?{_query(_MODEL_TRAINING)})**")
    return " · ".join(links)


def list_address(experiment: str, view: str = CONFIRM_VIEW, **more: str) -> str:
    """The address of a view of a study's runs, from ``#`` on: what follows the address of an MLflow server."""
    return f"#/experiments/{experiment}/runs?{_query({**_MODEL_TRAINING, 'viewStateShareKey': view, **more})}"


def may_have_superseded(study: StudyDescription) -> bool:
    """Whether a search went on after its winners were confirmed."""
    return bool(study.search) and any(extension.num_scored for extension in study.extensions)


def view_tags(study: StudyDescription) -> dict[str, str]:
    """The saved views of a study: its confirm runs, its search trials if it has any, and those of its confirm runs that
    a longer search may have superseded.

    The best come first. With folds, which differ in difficulty, runs of one arm and fold stand together instead.
    """
    searched = [("params", name) for name in study.search.get("parameters", {})]
    tests = [("metrics", f"test/{name}") for name in study.metrics[:_NUM_TESTS]]
    chosen = f"{AT_BEST_EPOCH}/{str(study.search.get('objective', study.primary)).rpartition('/')[2]}"
    common = [("metrics", chosen), *searched, ("tags", "arm"), ("tags", "status")]
    scored = f"test/{study.primary}"
    views = {CONFIRM_VIEW: _View("Confirm runs", "confirm", scored, (*tests, *common))}
    if study.search:
        views[SEARCH_VIEW] = _View("Search trials", "search", chosen, tuple(common))
    if may_have_superseded(study):
        views[SUPERSEDED_VIEW] = _View("Superseded confirm runs", SUPERSEDED, scored, (*tests, *common))
    has_folds = any(cell.fold is not None for cell in study.planned)
    return {f"{VIEW_TAG}{key}": view.as_tag(place, has_folds) for place, (key, view) in enumerate(views.items(), 1)}


@dataclass(frozen=True)
class _View:
    """A list of runs.

    Attributes:
        name: in MLflow's menu.
        stage: of its runs.
        metric: by which they are compared.
        columns: (kind, name) of each, besides the run's name.
    """

    name: str
    stage: str
    metric: str
    columns: tuple[tuple[str, str], ...]

    def as_tag(self, place: int, has_folds: bool) -> str:
        """As MLflow's UI stores it (3.17).

        Args:
            place: orders the views; MLflow takes the time for it.
            has_folds: whether a run's value can be compared with those of its own fold only.
        """
        metric = known_metric(self.metric.rpartition("/")[2])
        is_ascending = has_folds or metric is None or not metric.higher_is_better
        state = {
            "searchFilter": f'tags.{STAGE_TAG} = "{self.stage}"',
            "orderByKey": _BY_NAME if has_folds else f"metrics.`{self.metric}`",
            "orderByAsc": is_ascending,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "modelVersionFilter": "All Runs",
            "datasetsFilter": [],
            "selectedColumns": [f"{kind}.`{column}`" for kind, column in self.columns[:_MOST_COLUMNS]],
        }
        name = f"{self.name}, {'by arm and fold' if has_folds else 'best first'}"
        return json.dumps({"name": name, "createdAt": place, "updatedAt": place, "state": json.dumps(state)})


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote)
