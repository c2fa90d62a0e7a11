"""Equal trials of other studies are reused: marked, not run, and only where the numbers would be equal."""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestration.driver.reusable_results import FindResult, find_nothing
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.study_directory import StudyDirectory, weights_path
from orchestration.ledger.trial_json import trial_to_json
from orchestration.past_studies.reuse import find_results
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.process.atomic_files import write_whole
from orchestration.process.errors import UsageError
from orchestration.search.listed_source import ListedSource
from reports.records.details import details_in, details_path, encode_details
from reports.records.run_record import RunRecord
from reports.records.serialise import record_to_json
from search_spaces.loading.load import load_text
from search_spaces.terms.trial import Trial
from tests.orchestration.command_line import run, write_space
from tests.orchestration.mlflow_store import Store
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import run_toy, searched, state_of, toy_of

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

CONTEXT = "context"


def trials(*seeds: int, arm: str = "full", **settings: float) -> list[Trial]:
    return [make_trial(seed, arm, x=0.1, **settings) for seed in seeds]


def run_list(directory: Path, planned: list[Trial], known: FindResult = find_nothing, **options: bool) -> None:
    directory.mkdir(exist_ok=True)
    run_toy(directory, ListedSource(planned), find_result=known, **options)


def by_seed(directory: Path) -> dict[int, RunRecord]:
    return {record.seed: record for record in state_of(directory).records()}


def numbers(record: RunRecord) -> dict[str, object]:
    """A record without what says where and when it was made."""
    return {**record_to_json(record), "reused_from": None, "number": None}


def trained(directory: Path) -> Counter[tuple[str, int]]:
    return toy_of(directory).count("begin")


def test_weights_come_along_from_a_study_on_this_disk(tmp_path: Path) -> None:
    old, new, last = tmp_path / "old", tmp_path / "new", tmp_path / "last"
    run_list(old, trials(1, 2))
    weights_path(old / "artifacts", trials(2)[0].id).unlink()
    run_list(new, trials(1, 2, arm="other"), find_results([str(old)], [CONTEXT]))
    run_list(last, trials(1, arm="third"), find_results([str(new)], [CONTEXT]))
    assert not trained(last)
    for directory, arm in ((new, "other"), (last, "third")):
        (found,) = (directory / "artifacts").glob("*.pt")
        assert found == weights_path(directory / "artifacts", trials(1, arm=arm)[0].id)
        assert found.read_bytes() == b"1"


def test_known_trials_are_not_run_again_and_say_where_they_come_from(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1, 2))
    run_list(new, trials(1, 2, 3), find_results([str(old)], [CONTEXT]))
    records, before = by_seed(new), by_seed(old)
    assert [records[seed].reused_from for seed in (1, 2, 3)] == ["study toy-study in old"] * 2 + [None]
    assert len(trained(new)) == 1
    for seed in (1, 2):
        assert numbers(records[seed]) == numbers(before[seed])


def test_another_name_of_the_arm_is_the_same_result(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1))
    planned = trials(1, arm="everything")
    run_list(new, planned, find_results([str(old)], [CONTEXT]))
    (record,) = state_of(new).records()
    assert (record.arm, record.trial_id, record.reused_from) == ("everything", planned[0].id, "study toy-study in old")
    assert not trained(new)


@pytest.mark.parametrize(
    "change",
    [
        lambda trial: replace(trial, context="other data, code, torch, device or threads"),
        lambda trial: replace(trial, settings={**trial.settings, "x": 0.2}),
        lambda trial: replace(trial, seed=9),
        lambda trial: replace(trial, stage="search"),
        lambda trial: replace(trial, model="other"),
    ],
)
def test_what_could_change_the_numbers_is_run(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1))
    planned = [change(trial) for trial in trials(1)]
    run_list(new, planned, find_results([str(old)], [planned[0].context]))
    (record,) = state_of(new).records()
    assert record.reused_from is None
    assert len(trained(new)) == 1


def test_failed_trials_are_run_again(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1, diverges_at=2))
    run_list(new, trials(1, diverges_at=2), find_results([str(old)], [CONTEXT]))
    assert len(trained(new)) == 1


def test_a_folder_of_studies_is_searched_and_details_come_along(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    for name, seed in (("a", 1), ("b", 2)):
        run_list(runs / name, trials(seed))
    (held,) = state_of(runs / "b").records()
    kept = encode_details({"edges/homo": np.ones((2, 6), np.float32)})
    write_whole(details_path(runs / "b" / "artifacts", held.trial_id), kept)
    new = tmp_path / "new"
    run_list(new, trials(1, 2), find_results([str(runs)], [CONTEXT]))
    assert {record.reused_from for record in by_seed(new).values()} == {
        "study toy-study in a",
        "study toy-study in b",
    }
    details = details_in(new / "artifacts")(by_seed(new)[2].trial_id)
    assert details is not None
    assert details["edges/homo"].shape == (2, 6)
    third = tmp_path / "third"
    run_list(third, trials(2), find_results([str(new)], [CONTEXT]))
    assert by_seed(third)[2].reused_from == "study toy-study in b", "the study that ran it, not the one in between"


def test_a_search_learns_from_what_it_takes_over(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        directory.mkdir()
    run_toy(old, searched())
    run_toy(new, searched(), find_result=find_results([str(old)], [CONTEXT]))
    proposed = [[record.parameters for record in state_of(d).records()] for d in (old, new)]
    assert proposed[0] == proposed[1]
    assert not trained(new)


def test_a_crash_between_asking_and_taking_over_is_made_good(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1))
    with Ledger(new) as ledger:
        ledger.append("start", {"study": "toy-study"})
        ledger.append("ask", {"trial_id": trials(1)[0].id, "trial": trial_to_json(trials(1)[0])})
    run_list(new, trials(1), find_results([str(old)], [CONTEXT]))
    assert by_seed(new)[1].reused_from is not None


@pytest.mark.parametrize("method", ["exists", "open"])
def test_a_study_that_may_not_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    run_list(tmp_path, trials(1))

    def refuse(path: Path, *arguments: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    # Permissions do not keep the superuser out, who runs tests in containers.
    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(UsageError, match=r"^--reuse \S+: cannot be read \(Permission denied\)"):
        find_results([str(tmp_path)], ["context"])


def test_results_in_an_mlflow_store_are_found(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    run_list(old, trials(1, 2), is_tracked=True)
    uri = f"sqlite:///{old / 'mlflow.db'}"
    run_list(new, trials(1, 2, 3), find_results([uri], [CONTEXT]), is_tracked=True)
    records, before = by_seed(new), by_seed(old)
    assert records[1].reused_from == f"study toy-study at {uri}"
    assert numbers(records[1]) == numbers(before[1])
    assert len(trained(new)) == 1
    tags = Store(new).trials[records[1].trial_id].data.tags
    assert tags["reused_from"] == records[1].reused_from
    assert len(Store(new).points(records[1].trial_id, "valid/mae")) == len(records[1].epochs), "its curve is there too"
    assert find_results([uri], ["other context"])(trials(1)[0]) is None


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere", "no study there"),
        ("sqlite:///nowhere.db", "no such database"),
        ("http://127.0.0.1:9", "cannot be read"),
    ],
)
def test_a_place_without_results_is_bad_input(tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_results([place if "://" in place else str(tmp_path / place)], [CONTEXT])


SPACE = """\
study: small
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1}
arms: {models: [ridge]}
confirm: {seeds: %d}
"""


def test_a_study_with_more_seeds_takes_over_what_the_smaller_one_has(tmp_path: Path) -> None:
    for name, seeds, reuse in (("one", 1, ()), ("two", 2, (str(tmp_path / "one"),))):
        prepared = prepare(load_text(SPACE % seeds, describe_methods()), None)
        options = LaunchOptions(executor="inline", is_quiet=True, reuse=reuse)
        launch(prepared, StudyDirectory(tmp_path / name), options)
    records = state_of(tmp_path / "two").records()
    assert Counter(record.reused_from is not None for record in records) == {True: 2, False: 2}
    report = rebuild_report(StudyDirectory(tmp_path / "two")).path.read_text()
    assert "2 of study small in one" in report
    assert "| reused |" in report


def test_a_wrong_place_on_the_command_line_starts_nothing(tmp_path: Path) -> None:
    arguments = ["--space", str(write_space(tmp_path)), "--executor", "inline", "--out", str(tmp_path / "runs")]
    wrong = run("dmd-search", *arguments, "--reuse", str(tmp_path / "nothing"))
    assert (wrong.returncode, "no study there" in wrong.stderr) == (2, True)
    assert not (tmp_path / "runs").exists()
