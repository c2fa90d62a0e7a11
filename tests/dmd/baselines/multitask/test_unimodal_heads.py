"""Numbers named after a modality are predicted from that modality alone, by MLF-DNN, MTFN and MLMF."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dmd.baselines.multitask.unimodal_heads import dims_of_fusion, find_target_conflict
from dmd.data.dataset.batches import Batch
from dmd.data.formats.load import open_dataset
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.dropout import no_dropout
from dmd.job import FoldRef, Job
from dmd.modalities import MODALITIES
from dmd.models.model import Model
from dmd.models.plain_module import module_of
from dmd.registry import METHODS, build_model
from dmd.settings import fields_of
from dmd.training.run import run_job
from orchestration.process.errors import UsageError
from tests.dmd.baselines.test_every_method import SMALL
from tests.dmd.builders import make_batch, make_dims
from tests.orchestration.short_studies import prepare_text

NAMES = ("mlf_dnn", "mtfn", "mlmf")
BASES = {"mlf_dnn": "lf_dnn", "mtfn": "tfn", "mlmf": "lmf"}
SIMS = Target("several", ("clip", "language", "audio", "vision"), LabelScale(-1.0, 1.0, 0.0))
MIXED = Target("several", ("clip", "vision", "arousal", "language"))
"""In another order, with a number that is no modality's."""


def build(name: str, target: Target) -> Model:
    rates = {part.name: 0.0 for part in fields_of(METHODS[name].settings) if "dropout" in part.name}
    torch.manual_seed(0)
    return build_model(name, {**rates, **SMALL[name]}, make_dims(target=target), 0)


def read_by(model: Model, batch: Batch) -> dict[str, set[str]]:
    """Name of a number -> the modalities whose features move it."""
    model.eval()
    before = model(replace(batch, labels=None), no_dropout).prediction
    found: dict[str, set[str]] = {name: set() for name in batch.task.target.names}
    for m in MODALITIES:
        features = {**batch.features, m: batch.features[m] * 1.5 + 0.1}
        after = model(replace(batch, labels=None, features=features), no_dropout).prediction
        for name, change in zip(found, (after - before).abs().amax(0).tolist(), strict=True):
            if change > 1e-7:
                found[name].add(m)
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", [SIMS, MIXED], ids=["sims", "mixed"])
def test_a_number_named_after_a_modality_is_read_from_it_alone(name: str, target: Target) -> None:
    batch = make_batch(make_dims(target=target), 7, full=True)
    everything = set(MODALITIES)
    expected = {n: {n} if n in everything else everything for n in target.names}
    assert read_by(build(name, target), batch) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_error_of_a_modality_trains_its_network_and_no_other(name: str) -> None:
    model, batch = build(name, SIMS), make_batch(make_dims(target=SIMS), 7)
    prediction = model(batch, no_dropout).prediction
    assert batch.labels is not None
    (prediction[:, 2] - batch.labels[:, 2]).abs().mean().backward()
    named = module_of(model).named_parameters()
    trained = {n.removeprefix("fusion.").split(".")[0] for n, p in named if p.grad is not None and p.grad.any()}
    assert trained == {"audio", "unimodal"}


@pytest.mark.parametrize("name", NAMES)
def test_heads_are_all_that_is_added(name: str) -> None:
    """On a vector of w with layers of h: w h + h + h^2 + h + h + 1."""
    fusion = build_model(BASES[name], SMALL[BASES[name]], make_dims(), 0)
    widths = {f"unimodal.width.{m}": h for m, h in zip(MODALITIES, (16, 4, 32), strict=True)}
    settings = {**SMALL[name], **widths}
    model = build_model(name, settings, make_dims(target=SIMS), 0)
    sizes = zip(("text_out", "hidden.audio", "hidden.vision"), (16, 4, 32), strict=True)
    added = sum(int(settings[width]) * h + h + h * h + h + h + 1 for width, h in sizes)
    counts = [sum(p.numel() for p in each.parameters()) for each in (model, fusion)]
    assert counts[0] - counts[1] == added


def test_the_fusion_predicts_what_is_left() -> None:
    assert dims_of_fusion(make_dims(target=SIMS)).target == Target(scale=SIMS.scale)
    assert dims_of_fusion(make_dims(target=MIXED)).target.names == ("clip", "arousal")
    first = Target("several", ("language", "audio"))
    assert dims_of_fusion(make_dims(target=first)).target == Target()


@pytest.mark.parametrize("target", [Target(), Target("classes", ("audio", "vision")), Target("several", ("a", "b"))])
def test_a_target_without_labels_of_modalities_is_none_of_theirs(target: Target) -> None:
    assert "name them after the first" in str(find_target_conflict(target))
    assert find_target_conflict(SIMS) is None


def test_planning_refuses_it_in_a_line_and_names_the_arm() -> None:
    data = 'data: {path: "planted:num_videos=6,clips_per_video=3"}'
    space = f"study: x\n{data}\nmodel: {{name: median}}\narms: {{models: [mtfn]}}\n"
    with pytest.raises(UsageError, match=r"arm 'mtfn': mtfn learns from labels of single modalities, and the target"):
        prepare_text(space)


def test_a_trial_scores_every_number() -> None:
    dataset = open_dataset("planted:num_videos=8,clips_per_video=4,target=several")
    job = Job("mlf_dnn", {**SMALL["mlf_dnn"], "max_epochs": 2, "auxiliary_weight": 0.5}, 1, FoldRef(), scores_test=True)
    result = run_job(job, dataset, lambda report: True)
    assert result.test is not None
    assert {"mae", "mae_language", "mae_audio", "mae_vision", "corr_audio"} <= result.test.keys()
    assert result.test_predictions is not None
    assert result.test_predictions.values.shape == (len(result.test_predictions.ids), 4)
