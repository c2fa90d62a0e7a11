"""Several people track studies of one name in one store: each keeps what is theirs."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow import MlflowClient

from orchestration.ledger.file_names import LEDGER_FILE, MANIFEST_FILE
from orchestration.ledger.state import read_ledger_id
from orchestration.tracking.experiment import claim_experiment, describe_store, find_experiment
from tests.orchestration.command_line import run
from tests.orchestration.delivered_study import run_and_write
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY

# MLflow's tables use what SQLAlchemy 2.1 deprecates; the tests read the store through MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

SPACE = """\
study: ablation
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: ridge}
arms: {models: [median]}
confirm: {seeds: 1, details: false}
resources: {cpu: 1}
"""


def trials_in(client: MlflowClient, experiment: str) -> list[str]:
    runs = client.search_runs([experiment], "tags.trial_id != ''")
    return sorted(run.data.tags["trial_id"] for run in runs)


def digest_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_name_that_another_ledger_has_taken_is_left_to_it(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'team.db'}"
    mine, theirs = [make_trial(1), make_trial(2)], [make_trial(2), make_trial(3)]
    assert run_and_write(tmp_path / "first", mine, uri) == ()
    assert describe_store(uri, STUDY, tmp_path / "first" / LEDGER_FILE) is None
    line = f"MLflow at {uri} has another study {STUDY!r}; this one "
    foreseen = describe_store(uri, STUDY, tmp_path / "second" / LEDGER_FILE)
    assert foreseen == f"tracking: {line}gets a name of its own there"
    assert describe_store(uri, STUDY, None) == foreseen, "--fresh begins another study beside the first"
    notes = run_and_write(tmp_path / "second", theirs, uri)
    second = f"{STUDY}-{(read_ledger_id(tmp_path / 'second' / LEDGER_FILE) or '')[:8]}"
    assert notes == (f"{line}is {second!r} there",)
    # Both go on, the second in a copy of its directory.
    assert run_and_write(tmp_path / "first", [*mine, make_trial(4)], uri) == ()
    shutil.copytree(tmp_path / "second", tmp_path / "copy")
    assert run_and_write(tmp_path / "copy", [*theirs, make_trial(5)], uri) == notes

    client = MlflowClient(tracking_uri=uri)
    found = {experiment.name: experiment.experiment_id for experiment in client.search_experiments()}
    assert set(found) == {"Default", STUDY, second}
    assert trials_in(client, found[STUDY]) == sorted(make_trial(seed).id for seed in (1, 2, 4))
    assert trials_in(client, found[second]) == sorted(make_trial(seed).id for seed in (2, 3, 5))
    assert [len(client.search_runs([found[name]], f"tags.study = '{STUDY}'")) for name in (STUDY, second)] == [1, 1]


def test_drivers_that_begin_together_share_nothing(tmp_path: Path) -> None:
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'team.db'}")
    client.search_experiments()
    ledgers = [f"{number:08x}{number:08x}" for number in range(8)]

    def claim(ledger: str) -> str:
        return str(claim_experiment(client, "same", ledger, None).experiment_id)

    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(claim, ledgers))
    assert len(set(claimed)) == len(ledgers)
    assert [claim(ledger) for ledger in ledgers] == claimed, "each finds its own again"
    assert client.get_experiment_by_name("same") is not None


def test_an_experiment_is_the_study_s_whatever_it_is_called_and_an_empty_one_may_be_made_before(tmp_path: Path) -> None:
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'team.db'}")
    place = (tmp_path / "files").as_uri()
    given = client.create_experiment("study", artifact_location=place)
    claimed = claim_experiment(client, "study", "0" * 16, None)
    assert (claimed.experiment_id, claimed.artifact_location) == (given, place)
    client.rename_experiment(given, "of last year")
    assert claim_experiment(client, "study", "0" * 16, None).experiment_id == given
    used = client.create_experiment("study")
    client.create_run(used)
    assert claim_experiment(client, "study", "1" * 16, None).name == "study-11111111", "somebody's, without a mark"


def test_two_people_s_studies_have_their_own_numbers_and_settings(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    uri = f"sqlite:///{tmp_path / 'team.db'}"

    def search(name: str, *arguments: str) -> Path:
        common = ("--space", str(tmp_path / "space.yaml"), "--executor", "inline", "--quiet", "--tracking-uri", uri)
        done = run("dmd-search", *common, "--out", str(tmp_path / name), *arguments)
        assert done.returncode == 0, done.stderr
        return tmp_path / name / "ablation"

    first = search("first")
    kept = digest_of(first / "artifacts")
    assert MANIFEST_FILE in {Path(name).name for name in kept}
    # A penalty that leaves almost nothing of ridge.
    second = search("second", "--set", "model.strongest=1e6", "--set", "model.weakest=1e5")
    assert digest_of(first / "artifacts") == kept
    client = MlflowClient(tracking_uri=uri)
    for study, penalty in ((first, None), (second, "1000000.0")):
        experiment = find_experiment(client, read_ledger_id(study / LEDGER_FILE) or "")
        assert experiment is not None
        out = tmp_path / f"{experiment.name}-out"
        done = run("dmd-report", "--tracking-uri", uri, "--study", experiment.name, "--out", str(out))
        assert done.returncode == 0, done.stderr
        report = (out / "report.md").read_text()
        assert report == (study / "report.md").read_text()
        assert ("- strongest: 1000000.0" in report) == (penalty is not None)
