"""Files of the field from a space to a report: folders, dialogues and pairs, each as its users have it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dmd.data.inspection.inspect import format_summary, inspect_dataset
from orchestration.cli.data import app
from orchestration.cli.exit_codes import BAD_INPUT, COMPLETED
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from tests.dmd.data.csd.files import mosi_folder
from tests.dmd.data.formats.test_emotion_files import mmsa, mult, sims
from tests.dmd.data.utterances.test_dialogues import iemocap, meld
from tests.dmd.data.utterances.test_tuples import mag_file, misa_folder
from tests.orchestration.short_studies import prepare_text, run_study

SPACE = """\
study: emotion
data: {{path: {path}{more}}}
model: {{name: ridge}}
arms: {{models: [median]}}
confirm: {{seeds: 2, details: false}}
"""
EMOTIONS = "names: [neutral, happy, sad, angry]"


def _pickled(name: str, content: Callable[[], object]) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / name).write_bytes(pickle.dumps(content(), protocol=2))
        return name

    return write


def _tensors(folder: Path) -> str:
    content = {split: {key: torch.tensor(values) for key, values in part.items()} for split, part in mult().items()}
    torch.save(content, folder / "data.pt")
    return "data.pt"


CLASSES, QUESTIONS = (f", target: {{kind: {kind}, {EMOTIONS}}}" for kind in ("classes", "binaries"))
MELD = ", target: {kind: classes, names: [neutral, surprise, fear, sadness, joy, disgust, anger]}"
SIMS = ", label_scale: {low: -1, high: 1, neutral: 0}"
STUDIES: dict[str, tuple[Callable[[Path], str], str, str, int]] = {
    "IEMOCAP's dialogues": (_pickled("IEMOCAP_features.pkl", iemocap), "", "macro F1", 12),
    "MELD's dialogues": (
        _pickled("MELD_features_raw1.pkl", lambda: meld(with_vision=True)),
        MELD,
        "macro F1",
        15,
    ),
    "MELD's without vision": (
        _pickled("MELD_features_raw.pkl", lambda: meld(with_vision=False)),
        f", modalities: [language, audio]{MELD}",
        "macro F1",
        15,
    ),
    "MulT's pairs, four times two": (_pickled("iemocap_data.pkl", mult), QUESTIONS, "weighted F1", 4),
    "MulT's pairs, one of four": (_pickled("iemocap_data.pkl", mult), CLASSES, "macro F1", 4),
    "DecAlign's classes": (
        _pickled("iemocap.pkl", lambda: mmsa(classification_labels=lambda row: row % 4)),
        CLASSES,
        "macro F1",
        4,
    ),
    "CH-SIMS, one label": (_pickled("unaligned_39.pkl", sims), SIMS, "MAE", 4),
    "CH-SIMS, a label for each modality": (
        _pickled("unaligned_39.pkl", sims),
        f"{SIMS}, target: {{kind: several, names: [all, language, audio, vision]}}",
        "MAE",
        4,
    ),
    "tensors of torch": (_tensors, CLASSES, "macro F1", 4),
    "MAG-BERT's tuples": (lambda folder: mag_file(folder).name, "", "MAE", 2),
    "folder of pickles": (lambda folder: misa_folder(folder).name, "", "MAE", 2),
    "folder of sequences": (lambda folder: mosi_folder(folder).name, ", folds: {by: video, k: 3}", "MAE", 18),
}
"""What writes the files, what the space says of them, the metric of its claims, and how many items are tested."""


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs_from_the_file_to_the_report(tmp_path: Path, name: str) -> None:
    write, more, metric, num_tested = STUDIES[name]
    prepared = prepare_text(SPACE.format(path=write(tmp_path), more=more), tmp_path)
    assert f": {len(prepared.dataset)} samples" in format_summary(inspect_dataset(prepared.dataset))
    study, records = run_study(prepared)
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
