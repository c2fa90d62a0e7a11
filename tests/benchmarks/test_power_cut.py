"""Whatever a machine keeps of a study when its power is cut: what had ended is there, and the study goes on as if
nothing had happened.

``python -m benchmarks.power_cut`` shows it on the whole program, MLflow's database included; here it is shown on the
part in which no other program takes part, and that the disk which is played back is one that loses things.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.power_cut.cuts import Cut, cuts_now
from benchmarks.power_cut.recording import endings_in, is_ledger_sync
from dmd.training.checkpoint import decode_state, take_up_state
from orchestration import launch as launching
from orchestration.launch import LaunchOptions
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.state import fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, prepare
from orchestration.tracking.protocol import NoTracking
from reports.records.details import details_in
from reports.records.serialise import record_to_json
from search_spaces.loading.load import load_text
from tests.benchmarks.watched import Watched

SPACE = """\
study: cut
data: {path: "planted:num_videos=8,clips_per_video=4"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 2, patience: 2, gd.size_homo: 4}
arms: {models: [ridge]}
confirm: {seeds: 1}
resources: {cpu: 1}
"""
NUM_OPENED, NUM_CONTINUED = 60, 5
State = tuple[Cut, frozenset[str]]
"""What is there after a cut, and the trials whose ending was on disk."""


class Watching(NoTracking):
    """A tracker that looks at the disk at every event."""

    def __init__(self, watched: Watched) -> None:
        self.wake = watched.look  # type: ignore[method-assign]
        self.notes = ()


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(load_text(SPACE, describe_methods()), None)


@pytest.fixture(scope="module")
def watched(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """What a study did to the files of its directory."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        found = Watched(root, patch)
        go_on(prepared, root / "cut", patch, Watching(found))
        found.look()
    return found


@pytest.fixture(autouse=True)
def impatient(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk of the machine that tests run on."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def go_on(prepared: Prepared, study: Path, patch: pytest.MonkeyPatch, tracker: Any) -> None:
    patch.setattr(launching, "MlflowTracker", lambda *arguments, **options: tracker)
    done = launching.launch(
        prepared, StudyDirectory(study), LaunchOptions("inline", is_quiet=True, command="dmd-search")
    )
    assert (done.num_completed, done.num_failed) == (2, 0)


def states_of(watched: Watched, has_syncs: bool = True) -> list[State]:
    """The different states after a cut at any moment."""
    states: dict[bytes, State] = {}
    acknowledged = frozenset[str]()
    for operation, disk in watched.moments(has_syncs):
        if is_ledger_sync(operation):
            acknowledged = endings_in(disk.read(operation.path))
        for cut in cuts_now(disk):
            # The same files with more acknowledged ask for more.
            states[cut.fingerprint] = (cut, acknowledged)
    return list(states.values())


def a_share_of(states: Sequence[State], number: int) -> list[State]:
    return random.Random(0).sample(states, number)


def lay_out(cut: Cut, place: Path) -> Path:
    """The study in ``place`` as the cut has left it."""
    place.mkdir(parents=True)
    for path, content in cut.tree.items():
        if content is None:
            (place / path).mkdir()
        else:
            (place / path).write_bytes(content.data)
    return place / "cut"


def results_in(study: Path) -> Mapping[str, Any]:
    """What of the records is computed and not measured."""
    with Ledger(study) as ledger:
        records = fold_events(ledger.events()).records()
    contents = [record_to_json(record) for record in records]
    return {item["trial_id"]: [item[name] for name in ("valid", "test", "predictions")] for item in contents}


def problems_in(states: Sequence[State], details: frozenset[str], folder: Path) -> list[str]:
    """What studies that are opened after a cut lack or cannot read, in words. details: trials that have them."""
    found: list[str] = []
    for number, (cut, acknowledged) in enumerate(states):
        try:
            found += _missing_in(lay_out(cut, folder / str(number)), acknowledged, details)
        except Exception as error:
            found.append(f"{cut.how}: {type(error).__name__}: {error}")
    return found


def _missing_in(study: Path, acknowledged: frozenset[str], details: frozenset[str]) -> list[str]:
    study_directory = StudyDirectory(study)
    with Ledger(study) as ledger:
        told = set(fold_events(ledger.events()).ended)
    problems = [f"the ending of {trial}" for trial in acknowledged - told]
    if told and study_directory.read_manifest() is None:
        problems.append("the manifest")
    read = details_in(study_directory.artifacts)
    problems += [f"the details of {trial}" for trial in told & details if read(trial) is None]
    for folder in study_directory.checkpoints.glob("*"):
        content = take_up_state(folder)
        if content is not None:
            decode_state(content)
    return problems


def test_what_had_ended_is_there_and_everything_can_be_read(watched: Watched, tmp_path: Path) -> None:
    details = frozenset(path.stem for path in (watched.root / "cut" / "artifacts").glob("*.npz"))
    assert details
    sound, lossy = ([*states_of(watched, has_syncs)] for has_syncs in (True, False))
    assert problems_in(a_share_of(sound, NUM_OPENED), details, tmp_path / "sound") == []

    found = problems_in(a_share_of(lossy, NUM_OPENED), details, tmp_path / "lossy")
    for what in ("the ending of", "manifest", "the details of", "CheckpointRefused"):
        assert any(what in problem for problem in found), f"{what}: a disk that nobody waits for would lose it"


def test_a_study_goes_on_as_if_nothing_had_happened(
    watched: Watched, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = results_in(watched.root / "cut")
    tracker = NoTracking()
    vars(tracker)["notes"] = ()
    for number, (cut, _) in enumerate(a_share_of(states_of(watched), NUM_CONTINUED)):
        study = lay_out(cut, tmp_path / str(number))
        go_on(prepared, study, monkeypatch, tracker)
        assert results_in(study) == expected, cut.how
