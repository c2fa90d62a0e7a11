"""The experiment of a study in an MLflow store: the one that is tagged with the id of its ledger, whatever its name.

A team writes to one store, and people give their studies the same names. A name that another ledger has taken is left
to it, and this study gets an experiment of another name. The store creates an experiment with its tag in one step, so
two drivers that start together do not share one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.ledger.state import read_ledger_id
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.tracking.database import file_of, is_from_mlflow
from orchestration.tracking.delivery import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

LEDGER_TAG = "ledger"
# The kind makes MLflow's UI open the experiment on its training runs and not on its pages for language models.
_KIND = {"mlflow.experimentKind": "custom_model_development"}
_NAME_IS_TAKEN = "RESOURCE_ALREADY_EXISTS"
_DELETED = "deleted"
_PAGE = 1000


def find_experiment(client: MlflowClient, ledger: str) -> Experiment | None:
    """The experiment of the study with this ledger (its id), deleted or not; None if it has none."""
    from mlflow.entities import ViewType

    found = client.search_experiments(ViewType.ALL, 1, f"tags.{LEDGER_TAG} = '{ledger}'")
    return found[0] if found else None


def claim_experiment(client: MlflowClient, study: str, ledger: str, artifacts: str | None) -> Experiment:
    """The experiment of a study; created if it has none, restored if it was deleted.

    Args:
        client: of the store.
        study: its name.
        ledger: id of its ledger.
        artifacts: address of a new experiment's artifacts; None: the server's choice.
    """
    found = find_experiment(client, ledger)
    if found is not None:
        if found.lifecycle_stage == _DELETED:
            client.restore_experiment(found.experiment_id)
        return found
    given = _take_given(client, study, ledger)
    return given or _make(client, study, ledger, artifacts)


def is_taken(client: MlflowClient, study: str, ledger: str | None) -> bool:
    """Whether another study has this name.

    Args:
        client: of the store.
        study: the name.
        ledger: id of this study's ledger; None for a new study.
    """
    own = None if ledger is None else find_experiment(client, ledger)
    if own is not None:
        return bool(own.name != study)
    found = client.get_experiment_by_name(study)
    return found is not None and not _is_free(client, found)


def describe_store(uri: str, study: str, ledger: Path | None) -> str | None:
    """What a dry run says of the store at ``uri``, in one line; None if there is nothing to remark. Reads only.

    Args:
        uri: MLflow's tracking address.
        study: its name.
        ledger: the study's, which need not exist; None for a study that starts over.
    """
    file = file_of(uri)
    if file is not None and not file.is_file():
        # MLflow would create it.
        return None
    target = without_credentials(uri)
    try:
        taken = is_taken(connect(uri), study, None if ledger is None else read_ledger_id(ledger))
    except Exception as error:
        if not is_from_mlflow(error):
            raise
        reason = redacted_line(error, 200)
        return f"tracking: MLflow at {target} does not answer now ({type(error).__name__}: {reason})"
    if taken:
        return f"tracking: MLflow at {target} has another study {study!r}; this one gets a name of its own there"
    return None


def restore_runs(client: MlflowClient, experiment: str) -> int:
    """Restore the deleted runs of a study, and return their number: reports count the trials of the ledger."""
    from mlflow.entities import ViewType

    number = 0
    while deleted := client.search_runs([experiment], "", ViewType.DELETED_ONLY, _PAGE):
        for run in deleted:
            client.restore_run(run.info.run_id)
        number += len(deleted)
    return number


def has_run(client: MlflowClient, run: str) -> bool:
    """Whether a run is still there, deleted or not: ``mlflow gc`` removes the deleted ones for good."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_run(run)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def _take_given(client: MlflowClient, study: str, ledger: str) -> Experiment | None:
    """An experiment that a user has created for the study: of its name and empty."""
    found = client.get_experiment_by_name(study)
    if found is None or not _is_free(client, found):
        return None
    client.set_experiment_tag(found.experiment_id, LEDGER_TAG, ledger)
    return client.get_experiment(found.experiment_id)


def _is_free(client: MlflowClient, experiment: Experiment) -> bool:
    from mlflow.entities import ViewType

    if experiment.lifecycle_stage == _DELETED or LEDGER_TAG in experiment.tags:
        return False
    return not client.search_runs([experiment.experiment_id], "", ViewType.ALL, 1)


def _make(client: MlflowClient, study: str, ledger: str, artifacts: str | None) -> Experiment:
    from mlflow.exceptions import MlflowException

    tags = {**_KIND, LEDGER_TAG: ledger}
    try:
        made = client.create_experiment(study, artifacts, tags)
    except MlflowException as error:
        if error.error_code != _NAME_IS_TAKEN:
            raise
        made = client.create_experiment(f"{study}-{ledger[:8]}", artifacts, tags)
    return client.get_experiment(made)
