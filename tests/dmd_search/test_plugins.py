"""Models of one's own from Python: published rows of a plugin, its models on other data, and how its file travels."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import dmd_search
from dmd.registry import use_methods
from orchestration.planning.load_space import load_space
from orchestration.planning.make_source import make_source
from orchestration.planning.prepared import prepare
from orchestration.process.errors import UsageError
from search_spaces.loading.document import read_document
from tests.orchestration.cli.test_plugin import MODEL

pytestmark = pytest.mark.usefixtures("no_method_stays")

ROWS = 'rows=(("audio", "vision"), ("audio",), ("vision",), ()), edges=((0, 2), (1, 3)), source="Table 9"'
PUBLISHED = MODEL.replace("Component, Method", "Component, Method, PublishedRows").replace(
    "search=SEARCH)", f"search=SEARCH, published=PublishedRows({ROWS}))"
)
SPACE = """\
study: mine
data: {path: "planted:num_videos=9,clips_per_video=4"}
model: {name: text_lstm, max_epochs: 1}
arms: {ablation: {design: published}}
confirm: {seeds: 1, details: false}
"""
SHARED = """\
from dataclasses import dataclass
from torch import nn
from dmd.declaration import LossTerm, Method, setting

@dataclass(frozen=True)
class Settings:
    weight: float = setting(0.5, "of both terms", low=0, high=10)

class Pooled(nn.Module):
    def __init__(self, settings, dims):
        super().__init__()
        self.linear = nn.Linear(dims.widths["language"], 1)
        self.norm = nn.Identity()

    def forward(self, inputs):
        prediction = self.linear(self.norm(inputs.features["language"].mean(1))).squeeze(-1)
        gathered = inputs.gather(prediction)
        return prediction, {"rows": prediction.square(), "spread": (gathered - gathered.mean()).square().mean()}

LOSSES = (LossTerm("rows", ("weight",)), LossTerm("spread", ("weight",)))
METHOD = Method("pooled", Settings, Pooled, losses=LOSSES)
"""
POOLED = """\
study: pooled
data: {path: "planted:num_videos=9,clips_per_video=4"}
model: {name: pooled, max_epochs: 3, learning_rate: 0.01, batch_size: 8}
confirm: {seeds: 1}
"""
IN_ANOTHER_PROCESS = """
import pickle, sys
runner, trial = pickle.loads(open(sys.argv[1], "rb").read())
print(runner.open()(trial, lambda report: True, None).num_parameters)
"""


def write(folder: Path, model: str = PUBLISHED) -> tuple[Path, Path]:
    (folder / "my_model.py").write_text(model)
    (folder / "mine.yaml").write_text(SPACE)
    return folder / "mine.yaml", folder / "my_model.py"


def test_the_edges_that_a_plugin_declares_are_the_contrasts_of_its_table(tmp_path: Path) -> None:
    path, plugin = write(tmp_path)
    space = dmd_search.load_space(path, plugins=[plugin])
    study = dmd_search.run(space, out=tmp_path / "runs", executor="inline")
    contrasts = study.contrasts()
    pairs = contrasts[["first", "second"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["full", "no-audio"], ["no-vision", "none"]]
    other = "planted:num_videos=3,clips_per_video=2,seed=9"
    assert len(study.predict("full", other, plugins=[plugin])) == 6
    use_methods({})
    with pytest.raises(dmd_search.StudyError, match="name it with --plugin"):
        study.predict("full", other)


def test_the_file_travels_with_what_is_sent_to_a_worker(tmp_path: Path) -> None:
    path, plugin = write(tmp_path)
    loaded = load_space(read_document(path), plugins=[plugin])
    planned = prepare(loaded.space, None, arms=loaded.arms, plugins=loaded.plugins).planned
    trial = make_source(planned).ask()
    sent = tmp_path / "sent"
    sent.write_bytes(pickle.dumps((planned.runner, trial)))
    plugin.unlink()
    program = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(sent)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == str(planned.facts["full"].num_parameters), done.stderr


@pytest.mark.long
def test_two_workers_train_what_one_does(tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text(SHARED)
    (tmp_path / "mine.yaml").write_text(POOLED)
    found = []
    for workers in (1, 2):
        overrides = [f"resources.workers={workers}", f"study=with-{workers}"]
        space = dmd_search.load_space(tmp_path / "mine.yaml", overrides, plugins=[tmp_path / "my_model.py"])
        trials = dmd_search.run(space, out=tmp_path / "runs", executor="inline").trials()
        found.append(trials["test/mae"].item())
    assert found[1] == pytest.approx(found[0], abs=1e-5)


def test_statistics_of_a_workers_own_rows_are_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text(SHARED.replace("Identity()", 'BatchNorm1d(dims.widths["language"])'))
    (tmp_path / "mine.yaml").write_text(POOLED)
    loaded = load_space(read_document(tmp_path / "mine.yaml"), ["resources.workers=2"], [tmp_path / "my_model.py"])
    with pytest.raises(UsageError, match=r"resources\.workers: .*'pooled'.*workers: 1"):
        prepare(loaded.space, None, arms=loaded.arms, plugins=loaded.plugins)
