"""Files of the field from a space to a report: folders, dialogues and pairs, each as its users have it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from orchestration.cli.data import app
from orchestration.cli.exit_codes import BAD_INPUT, COMPLETED
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from tests.dmd.data.csd.files import mosi_folder
from tests.dmd.data.formats.test_emotion_files import mult
from tests.dmd.data.utterances.test_dialogues import iemocap
from tests.dmd.data.utterances.test_tuples import misa_folder
from tests.orchestration.short_studies import prepare_text, run_study

SPACE = """\
study: emotion
data: {{path: {path}{more}}}
{primary}model: {{name: ridge}}
arms: {{models: [median]}}
confirm: {{seeds: 2, details: false}}
"""
EMOTIONS = "names: [neutral, happy, sad, angry]"


def _dialogues(folder: Path) -> str:
    (folder / "IEMOCAP_features.pkl").write_bytes(pickle.dumps(iemocap(), protocol=2))
    return "IEMOCAP_features.pkl"


def _pairs(folder: Path) -> str:
    (folder / "iemocap_data.pkl").write_bytes(pickle.dumps(mult()))
    return "iemocap_data.pkl"


STUDIES: dict[str, tuple[Callable[[Path], str], str, str, int]] = {
    "dialogues": (_dialogues, "", "macro F1", 12),
    "four times two": (_pairs, f", target: {{kind: binaries, {EMOTIONS}}}", "weighted F1", 4),
    "folder of pickles": (lambda folder: misa_folder(folder).name, "", "MAE", 2),
    "folder of sequences": (lambda folder: mosi_folder(folder).name, ", folds: {by: video, k: 3}", "MAE", 18),
}
"""What writes the files, what the space says of them, the metric of its claims, and how many items are tested."""


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs_from_the_file_to_the_report(tmp_path: Path, name: str) -> None:
    write, more, metric, num_tested = STUDIES[name]
    # The space does not know of the file's own classes.
    primary = "primary: test/macro_f1\n" if name == "dialogues" else ""
    study, records = run_study(prepare_text(SPACE.format(path=write(tmp_path), more=more, primary=primary), tmp_path))
    tested = [record for record in records if record.arm == records[0].arm and record.seed == records[0].seed]
    assert sum(len(record.predictions.labels) for record in tested if record.predictions is not None) == num_tested
    assert all(record.test is not None and np.isfinite(record.test[study.metrics[0]]) for record in records)
    assert f"claims are made on {metric} only" in render_markdown(analyse(study, records))


def test_inspect_takes_steps_of_sequences_by_a_word_and_no_other(tmp_path: Path) -> None:
    folder = str(mosi_folder(tmp_path))
    shown = CliRunner().invoke(app, ["inspect", folder, "--steps", "own"])
    assert shown.exit_code == COMPLETED
    assert "the steps of each modality as they are" in shown.output
    refused = CliRunner().invoke(app, ["inspect", folder, "--steps", "seconds"])
    assert refused.exit_code == BAD_INPUT
    assert "--steps must be one of words, own, mean, got 'seconds'" in refused.output
