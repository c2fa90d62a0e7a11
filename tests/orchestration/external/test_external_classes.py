"""An arm of other code in a study of classes: named classes become records with probabilities, scored as any other."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.load import open_dataset
from dmd.job import FoldRef
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from search_spaces.loading.load import load_text

DATA = "planted:target=classes,num_videos=12,clips_per_video=6"


def test_named_classes_are_scored_and_compared(tmp_path: Path) -> None:
    """Every third answer is wrong, so the accuracy is two in three; a certain wrong answer costs log 1e7."""
    dataset = open_dataset(DATA)
    names = dataset.target.names
    labels = dict(zip(dataset.ids, dataset._labels.astype(int).tolist(), strict=True))
    ids = [item for fold in range(3) for item in dataset.ids_of_parts(FoldRef("group", 3, 1, 0, 0, fold))["test"]]
    with (tmp_path / "theirs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "seed", "fold", "prediction"])
        for fold in range(3):
            for place, item in enumerate(dataset.ids_of_parts(FoldRef("group", 3, 1, 0, 0, fold))["test"]):
                wrong = place % 3 == 2
                writer.writerow([item, 5, fold, names[(labels[item] + wrong) % len(names)]])
    assert sorted(ids) == sorted(labels)
    space = f"""\
study: beside
data: {{path: "{DATA}", folds: {{by: video, k: 3}}}}
model: {{name: median}}
arms: {{external: [{{arm: theirs, path: {tmp_path / "theirs.csv"}}}]}}
primary: test/acc
confirm: {{seeds: 1}}
"""
    prepared = prepare(load_text(space, describe_methods()), None)
    outcome = launch(prepared, StudyDirectory(tmp_path / "runs"), LaunchOptions(executor="inline", is_quiet=True))
    assert outcome.num_failed == 0
    events = (event for event, _ in read_events(tmp_path / "runs" / LEDGER_FILE))
    theirs = [record for record in fold_events(events).records() if record.arm == "theirs"]
    assert len(theirs) == 3
    for record in theirs:
        assert record.predictions is not None
        assert record.test is not None
        assert record.predictions.values.shape == (24, len(names))
        assert record.test["acc"] == pytest.approx(2 / 3)
        assert record.test["nll"] == pytest.approx(np.log(1e7) / 3)
    text = rebuild_report(StudyDirectory(tmp_path / "runs")).path.read_text()
    assert "NLL counts every answer as certain" in text
    assert "| theirs | " in text
