"""The model of the page on a model of one's own, for every kind of target; a plugin that refuses a target."""

from __future__ import annotations

import pytest

from dmd.data.formats.load import open_dataset
from dmd.errors import ConfigurationError
from dmd.job import FoldRef, Job, Setting
from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import PluginFile
from dmd.training.profile_job import inspect_job
from dmd.training.run import run_job
from orchestration.process.errors import UsageError
from tests.orchestration.cli.test_plugin import MODEL
from tests.orchestration.short_studies import prepare_text

pytestmark = pytest.mark.usefixtures("no_method_stays")

DATA = "planted:num_videos=8,clips_per_video=4"


def job(**settings: Setting) -> Job:
    return Job("text_lstm", {"max_epochs": 2, **settings}, 1, FoldRef(), scores_test=True)


@pytest.mark.parametrize(
    ("target", "metric", "columns"),
    [
        ("regression", "mae", ()),
        ("classes", "macro_f1", (4,)),
        ("binaries", "weighted_f1", (4,)),
        ("several", "mae", (4,)),
    ],
)
def test_the_pages_model_is_proved_and_trained_for_every_target(
    target: str, metric: str, columns: tuple[int, ...]
) -> None:
    use_plugins([PluginFile("my_model.py", MODEL)])
    dataset = open_dataset(DATA if target == "regression" else f"{DATA},target={target}")
    facts = inspect_job(job(), dataset)
    assert facts.loss_terms == ("task",)
    result = run_job(job(), dataset, lambda report: True)
    assert result.test is not None and result.test_predictions is not None
    assert metric in result.test
    assert result.test_predictions.values.shape[1:] == columns
    if target == "classes":
        assert result.test_predictions.values.sum(1) == pytest.approx(1, abs=1e-5)
    # of every part and modality, in probabilities where there are classes
    assert {"component/audio", "component/vision", "modality/language"} <= result.effects.keys()
    assert target not in ("classes", "binaries") or max(result.effects.values()) <= 1


def test_a_last_layer_of_another_size_is_told_with_what_to_write() -> None:
    use_plugins([PluginFile("my_model.py", MODEL.replace("dims.num_outputs", "1"))])
    with pytest.raises(ConfigurationError, match=r"target's 4 names, \(16, 4\), but has the shape \(16, 1\).*num_outp"):
        inspect_job(job(), open_dataset(f"{DATA},target=classes"))


def test_a_plugin_may_refuse_a_target() -> None:
    refusing = 'find_target_conflict=lambda target: None if target.kind == "classes" else "tells classes apart", search'
    use_plugins([PluginFile("my_model.py", MODEL.replace("search", refusing))])
    space = 'study: x\ndata: {{path: "{path}"}}\nmodel: {{name: median}}\narms: {{models: [text_lstm]}}\n'
    prepare_text(space.format(path=f"{DATA},target=classes") + "primary: test/macro_f1\n")
    with pytest.raises(UsageError, match="arm 'text_lstm': text_lstm tells classes apart"):
        prepare_text(space.format(path=DATA))


def test_a_rule_on_targets_that_fails_is_told_with_its_line() -> None:
    failing = "find_target_conflict=lambda target: target.nothing, search"
    with pytest.raises(ConfigurationError, match=r"my_model.py:\d+: AttributeError: 'Target' object has no attribute"):
        use_plugins([PluginFile("my_model.py", MODEL.replace("search", failing))])
