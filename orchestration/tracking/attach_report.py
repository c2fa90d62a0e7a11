"""Attaches the written report to the study's run in MLflow: files as artifacts, the answer as its description."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.state import read_ledger_id
from orchestration.tracking.delivery import connect
from orchestration.tracking.experiment import find_experiment
from orchestration.tracking.experiment_page import NAMES_NOTE, NOTE_TAG, describe_links, view_tags
from orchestration.tracking.run_content import STUDY_TAG
from reports.output.markdown import render_answer
from reports.output.write import PAGE_FILE, REPORT_FILE
from reports.records.study_description import StudyDescription
from reports.sections.run_log.kept_spaces import FOLDER as SPACES

FOLDERS = ("tables", "figures", SPACES)

_FILES_NOTE = (
    f"`{REPORT_FILE}`, `tables/` and `figures/` are beside the report, among the artifacts of the study's run."
)


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
    for folder in (name for name in FOLDERS if (directory / name).is_dir()):
        client.log_artifacts(run, str(directory / folder), folder)
    links = describe_links(str(experiment.experiment_id), study, f"{run}/artifacts/{PAGE_FILE}")
    note = f"{links}\n\n{render_answer(answer)}\n\n{_FILES_NOTE}\n\n{NAMES_NOTE}"
    client.set_tag(run, NOTE_TAG, note)
    for tag, value in {**view_tags(study), NOTE_TAG: note}.items():
        client.set_experiment_tag(experiment.experiment_id, tag, value)
    return True
