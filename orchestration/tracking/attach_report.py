"""Attaches the written report to the study's run in MLflow: files as artifacts, the answer as its description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from orchestration.ledger.ledger import LEDGER_FILE
from orchestration.ledger.state import read_ledger_id
from orchestration.tracking.delivery import connect
from orchestration.tracking.experiment import find_experiment
from orchestration.tracking.run_content import STUDY_TAG
from reports.output.markdown import render_answer
from reports.output.write import PAGE_FILE, REPORT_FILE
from reports.records.record import StudyDescription
from reports.results.metrics import find_metric

NOTE_TAG = "mlflow.note.content"
"""The tag that MLflow's UI shows as the description of a run or an experiment, in Markdown."""

FOLDERS = ("tables", "figures")

_MODEL_TRAINING = {"workflowType": "machine_learning"}
"""Without it the UI opens with its pages for language models."""


def attach_report(uri: str, study: StudyDescription, answer: Sequence[str], directory: Path) -> bool:
    """Attach a report to the run of its study, in place of an earlier one.

    Args:
        uri: MLflow's tracking address.
        study: its description.
        answer: of the report, one sentence each; they become the description of the run and of the experiment.
        directory: the study's; it has the report, and its ledger identifies the experiment.

    Returns:
        False if the store has no run of the study.

    Raises:
        Exception: whatever MLflow raises while it cannot be reached.
    """
    client = connect(uri)
    ledger = read_ledger_id(directory / LEDGER_FILE)
    experiment = None if ledger is None else find_experiment(client, ledger)
    if experiment is None:
        return False
    name = study.study.replace("'", "''")
    found = client.search_runs([experiment.experiment_id], f"tags.{STUDY_TAG} = '{name}'", max_results=1)
    if not found:
        return False
    run = str(found[0].info.run_id)
    for file in (REPORT_FILE, PAGE_FILE):
        client.log_artifact(run, str(directory / file))
    for folder in FOLDERS:
        client.log_artifacts(run, str(directory / folder), folder)
    # Links first: the UI folds away what does not fit into a few lines.
    links = describe_links(str(experiment.experiment_id), run, study.primary, bool(study.search))
    note = f"{links}\n\n{render_answer(answer)}"
    client.set_tag(run, NOTE_TAG, note)
    client.set_experiment_tag(experiment.experiment_id, NOTE_TAG, note)
    return True


def describe_links(experiment: str, run: str, primary: str, has_search: bool = True) -> str:
    """Links to the views of a study in MLflow's UI, as Markdown.

    MLflow folds child runs under their parent and draws nothing for folded ones; a filter unfolds them.

    Args:
        experiment: MLflow's id of it.
        run: MLflow's id of the study's run.
        primary: the metric that the study decides by.
        has_search: whether the study has search trials.
    """
    runs = f"#/experiments/{experiment}/runs"
    ranked = {
        "orderByKey": f"metrics.`test/{primary}`",
        "orderByAsc": str(not find_metric(primary).higher_is_better).lower(),
    }
    confirm = {**_MODEL_TRAINING, "searchFilter": 'tags.stage = "confirm"', **ranked}
    search = {**_MODEL_TRAINING, "searchFilter": 'tags.stage = "search"'}
    to_search = f" · [search trials]({runs}?{_query(search)})" if has_search else ""
    return (
        f"**[Report]({runs}/{run}/artifacts/{PAGE_FILE}?{_query(_MODEL_TRAINING)})** (with `{REPORT_FILE}`, `tables/` "
        f"and `figures/` among the artifacts of the study's run) · "
        f"[confirm runs]({runs}?{_query(confirm)}) · "
        f"[their charts]({runs}?{_query({**confirm, 'compareRunsMode': 'CHART'})})"
        f"{to_search}"
    )


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote)
