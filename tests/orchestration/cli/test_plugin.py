"""A stranger's model in a file: planned, searched, compared, cut off and continued, refused where it is bad."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.orchestration.command_line import command, errors_in, results_in, run

MODEL = '''\
"""An LSTM over the words, with the means of audio and vision beside it."""

from dataclasses import dataclass

import torch
from torch import nn

from dmd.declaration import Component, Method, setting


@dataclass(frozen=True)
class Settings:
    hidden: int = setting(16, "width of the LSTM", low=1, high=512)
    dropout: float = setting(0.2, "before the last layer", low=0, high=0.9)
    audio: bool = setting(True, "hear the mean of audio")
    vision: bool = setting(True, "see the mean of vision")


class TextLSTM(nn.Module):
    def __init__(self, settings, dims):
        super().__init__()
        self.extra = [m for m in ("audio", "vision") if getattr(settings, m)]
        self.lstm = nn.LSTM(dims.widths["language"], settings.hidden, batch_first=True)
        self.heads = nn.ModuleDict({m: nn.Linear(dims.widths[m], settings.hidden) for m in self.extra})
        width = settings.hidden * (1 + len(self.extra))
        self.head = nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(width, dims.num_outputs))

    def forward(self, inputs):
        states, _ = self.lstm(inputs.features["language"])
        last = inputs.lengths["language"] - 1
        found = [states[torch.arange(len(last)), last]]
        for m in self.extra:
            mask = inputs.masks[m].unsqueeze(-1)
            found.append(torch.relu(self.heads[m]((inputs.features[m] * mask).sum(1) / mask.sum(1))))
        return self.head(torch.cat(found, dim=-1))


PARTS = (Component("audio", "HearIt", parts=("heads.audio",)), Component("vision", "SeeIt", parts=("heads.vision",)))
SEARCH = {"hidden": {"choice": [8, 16]}, "learning_rate": {"log_uniform": [1e-3, 1e-2]}}
METHOD = Method("text_lstm", Settings, TextLSTM, label="Text LSTM", components=PARTS, search=SEARCH)
'''
SPACE = """\
study: mine
data: {path: "planted:num_videos=12,clips_per_video=4"}
plugins: [models/my_model.py]
model: {name: text_lstm, max_epochs: 3}
arms:
  ablation: {design: factorial}
  models: [ridge]
search: {parameters: default, trials: 2}
confirm: {seeds: 2}
"""


def write(folder: Path, model: str = MODEL, space: str = SPACE) -> list[str]:
    """The files of a study, and what a command is told of them."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "my_model.py").write_text(model)
    (folder / "mine.yaml").write_text(space)
    return ["--space", str(folder / "mine.yaml"), "--out", str(folder / "runs"), "--executor", "inline"]


def refused(folder: Path, model: str, *more: str) -> list[str]:
    done = run("dmd-search", *write(folder, model), *more)
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (folder / "runs").exists()
    return errors_in(done.stderr)


def test_a_file_is_enough_for_a_factorial_with_search_and_attribution(tmp_path: Path) -> None:
    arguments = write(tmp_path)
    shown = run("dmd-search", *arguments, "--dry-run", "--json")
    assert list(json.loads(shown.stdout)["arms"]) == ["full", "no-vision", "no-audio", "none", "ridge"]
    done = run("dmd-search", *arguments, "--quiet")
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "runs" / "mine" / "report.md").read_text()
    assert "w/o SeeIt" in report
    assert "Shapley" in report
    assert "moved no prediction" not in report
    data, out = "planted:num_videos=3,clips_per_video=2,seed=9", tmp_path / "new.csv"
    study, plugin = str(tmp_path / "runs" / "mine"), str(tmp_path / "models" / "my_model.py")
    blind = run("dmd-predict", study, data, "--out", str(out))
    assert (blind.returncode, out.exists()) == (2, False)
    assert "name it with --plugin" in blind.stderr
    assert run("dmd-predict", study, data, "--out", str(out), "--plugin", plugin).returncode == 0
    assert out.read_text().splitlines()[0] == "id,split,seen_by,mean,seed1,seed2"
    exported = run("dmd-search", *arguments, "--export-config", "full")
    assert exported.returncode == 0, exported.stderr
    as_chosen = run("dmd-search", "--space", exported.stdout.strip(), "--dry-run", "--json")
    assert list(json.loads(as_chosen.stdout)["arms"]) == ["text_lstm"], as_chosen.stderr
    assert "- plugins.text_lstm: " in report
    (tmp_path / "models" / "my_model.py").write_text(MODEL + "# another file\n")
    changed = run("dmd-predict", study, data, "--out", str(out), "--plugin", plugin)
    assert (changed.returncode, "is not the file that was trained" in changed.stderr) == (2, True)
    other = run("dmd-search", *arguments)
    assert other.returncode == 2
    assert "plugin of text_lstm was" in other.stderr


@pytest.mark.parametrize("executor", ["inline", pytest.param("ray", marks=pytest.mark.long)])
def test_killed_and_continued_it_gives_the_same_bits(executor: str, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    space = SPACE.replace("max_epochs: 3", "max_epochs: 40, patience: 40").replace("seeds: 2", "seeds: 1")
    arguments = [*write(cut, space=space), "--executor", executor]
    ledger = cut / "runs" / "mine" / "ledger.jsonl"
    with subprocess.Popen(command("dmd-search", *arguments, "--quiet")) as process:
        deadline = time.monotonic() + 120
        while not ledger.exists() or ledger.read_text().count('"epoch"') < 30:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert run("dmd-search", *arguments, "--quiet").returncode == 0
    assert run("dmd-search", *write(whole, space=space), "--quiet").returncode == 0
    assert results_in(cut / "runs" / "mine") == results_in(whole / "runs" / "mine")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("getattr(settings, m)]", "True]", "component 'vision' of text_lstm changes nothing: arms"),
        ('dims.widths["language"], settings', "7, settings", "my_model.py:29: RuntimeError: "),
        ("dims.num_outputs", "2", "prediction must be one number per sample"),
        ("found, dim=-1))", "found, dim=-1)) / 0", "not finite at the first training step: prediction, loss"),
        ("        super().__init__()\n", "", "my_model.py:22: AttributeError: cannot assign module"),
    ],
    ids=["idle component", "shape", "rank", "not finite", "no init"],
)
def test_a_model_that_cannot_work_is_refused_before_anything_starts(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert old in MODEL
    head, tail = MODEL.rsplit(old, 1)
    lines = refused(tmp_path, head + new + tail, "--dry-run")
    assert any(said in line for line in lines), lines
    assert all(line.startswith("error: ") for line in lines)


def test_a_plugin_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    arguments = write(tmp_path, space=SPACE.replace("my_model.py", "your_model.py"))
    done = run("dmd-search", *arguments, "--dry-run")
    assert done.returncode == 2
    assert errors_in(done.stderr) == [
        f"error: {tmp_path}/mine.yaml:3:11: plugins[0]: models/your_model.py: No such file or directory; name a Python "
        "file"
    ]


def test_a_plugin_of_the_command_line_is_in_the_schema_and_in_messages(tmp_path: Path) -> None:
    arguments = write(tmp_path, space=SPACE.replace("plugins: [models/my_model.py]\n", "").replace("hidden", "x"))
    plugin = ["--plugin", str(tmp_path / "models" / "my_model.py")]
    schema = run("dmd-search", *plugin, "--schema")
    assert '"const": "text_lstm"' in schema.stdout
    wrong = run("dmd-search", *arguments, *plugin, "--set", "model.hiden=3", "--dry-run")
    assert "unknown setting of text_lstm; did you mean 'hidden'?" in wrong.stderr
    assert run("dmd-search", *arguments, *plugin, "--dry-run").returncode == 0
    unknown = run("dmd-search", *arguments, "--dry-run")
    assert "unknown method 'text_lstm'" in unknown.stderr
