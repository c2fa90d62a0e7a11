"""Whole studies on data whose truth is known: what is there is found, what is not there is not.

The planted interaction needs the audio at a time that the language tells; 1,200 training clips are enough to learn it
with crossmodal attention and far too few without. The rest of the label is a sum over modalities, and language alone
shows a part of it. Where the event lies is a question of the steps since a clip began, which ``align: file`` leaves at
their places: five epochs show it; ``align: end`` takes three times as many, or more than 40 (seed 3). Minutes on one
core; run by ``make test-full`` or

    python -m pytest -m long tests/orchestration/planning/test_planted_truth.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from reports.analysis import analyse
from reports.sections.ablation.section import ContrastsSection
from reports.sections.ablation.values import ContrastRow
from search_spaces.loading.load import load_text

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
]

CLEAR = (
    "label_noise=0.1,language_noise=0.1,audio_noise=0.1,vision_noise=0.5,"
    "language_width=6,audio_width=6,vision_width=6,language_steps=8,audio_steps=8,vision_steps=8"
)
MODEL = """\
model:
  name: dmd
  width: 16
  heads: 2
  levels: 1
  kernel: {language: 1, audio: 1, vision: 1}
  dropout: {text: 0.0, output: 0.0, embed: 0.0, attention: {language: 0.0, audio: 0.0}}
  learning_rate: 0.003
  batch_size: 32
"""
COMPONENTS = """\
  max_epochs: 15
arms:
  ablation: {rows: [{ca: false}]}
  modalities: [[audio, vision]]
contrasts: [[full, no-ca], [full, no-language]]
confirm: {seeds: 3}
"""
CONTROLS = """\
  fd: false
  homo_gd: false
  ca: false
  hetero_gd: false
  max_epochs: 6
arms: {controls: true}
contrasts: [[dmd, control]]
confirm: {seeds: 3}
"""


def contrasts_of(directory: Path, data: str, arms: str) -> dict[str, ContrastRow]:
    """Run the study and give its contrasts by the second arm."""
    space = f'study: planted-truth\ndata: {{path: "planted:{data},{CLEAR}"}}\n{MODEL}{arms}'
    outcome = launch(
        prepare(load_text(space, describe_methods()), None),
        StudyDirectory(directory),
        LaunchOptions(executor="inline", is_quiet=True),
    )
    assert (outcome.num_failed, outcome.is_interrupted) == (0, False)
    manifest = StudyDirectory(directory).read_manifest()
    assert manifest is not None
    records = fold_events(event for event, _ in read_events(directory / LEDGER_FILE)).records()
    report = analyse(manifest.description, records)
    return {row.contrast.second: row for row in report.section(ContrastsSection).table.rows}


def difference(row: ContrastRow) -> float:
    estimates = row.differences["mae"].estimates
    assert estimates is not None
    return estimates.value


def test_with_the_full_interaction_only_crossmodal_attention_learns_and_only_with_language(tmp_path: Path) -> None:
    data = "num_videos=100,clips_per_video=20,interaction=1.0"
    found = contrasts_of(tmp_path / "study", data, f"  align: file\n{COMPONENTS}")
    # Without language nothing tells when to listen.
    for arm, label in {"no-ca": "w/o CA", "no-language": "w/o language"}.items():
        estimates = found[arm].differences["mae"].estimates
        assert estimates is not None
        assert difference(found[arm]) < -0.5
        assert max(estimates.rerun.high, estimates.new_data.high) < 0
        # Nothing is left to learn there, and of what learned nothing a report gives no verdict.
        assert found[arm].verdict.text == f"no verdict: not shown better than the training-median predictor: {label}"


def test_without_interaction_crossmodal_attention_wins_nothing_and_language_does(tmp_path: Path) -> None:
    found = contrasts_of(tmp_path / "study", "num_videos=100,clips_per_video=20,interaction=0.0", COMPONENTS)
    assert found["no-ca"].verdict.kind != "better"
    assert abs(difference(found["no-ca"])) < 0.05
    assert found["no-language"].verdict.kind == "better"
    assert difference(found["no-language"]) < -0.1


def test_twenty_controls_reject_at_most_three_times(tmp_path: Path) -> None:
    kinds = []
    for seed in range(20):
        data = f"seed={seed},num_videos=30,clips_per_video=8,interaction=0.3"
        kinds.append(contrasts_of(tmp_path / str(seed), data, CONTROLS)["control"].verdict.kind)
    # At 5% twenty true null hypotheses give one rejection; more than three have a chance of 1.6%.
    assert sum(kind.startswith(("better", "worse")) for kind in kinds) <= 3, kinds
