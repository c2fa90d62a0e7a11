"""What a DMD shows of every item: the names of what exists, the right shapes, and the numbers of the forward pass."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from dmd.data.dataset.batches import Batch
from dmd.data.formats.load import open_dataset
from dmd.dropout import no_dropout
from dmd.job import FoldRef, Job, JobResult, Setting
from dmd.modalities import MODALITIES
from dmd.models.model import Model
from dmd.registry import build_model
from dmd.training.evaluate import inspect_part
from dmd.training.label_units import LabelUnit
from dmd.training.run import run_job
from tests.dmd.builders import FEASIBLE, TINY, make_batch, make_dims

DIMS = make_dims()
WIDTH = 8


def tiny(**settings: Setting) -> Model:
    return build_model("dmd", {**TINY, **settings}, DIMS, 0)


def expected_names(components: dict[str, bool], keep_aux_heads: bool) -> set[str]:
    fd, homo_gd, hetero_gd = (components[name] for name in ("fd", "homo_gd", "hetero_gd"))
    names = {f"edges/{unit}" for unit, is_on in (("homo", homo_gd), ("hetero", hetero_gd)) if is_on}
    names |= {f"{kind}/{m}" for kind in ("common", "exclusive") for m in MODALITIES if fd}
    names |= {"heads/common"} if fd or keep_aux_heads else set()
    names |= {f"heads/homo_{m}" for m in MODALITIES if fd and (homo_gd or keep_aux_heads)}
    return names | {f"heads/hetero_{m}" for m in MODALITIES if hetero_gd or keep_aux_heads}


@pytest.mark.parametrize("keep_aux_heads", [False, True])
@pytest.mark.parametrize("components", FEASIBLE, ids=lambda c: "+".join(n for n, on in c.items() if on) or "none")
def test_names_and_shapes_of_what_exists(components: dict[str, bool], keep_aux_heads: bool) -> None:
    shown = inspect_part(tiny(**components, keep_aux_heads=keep_aux_heads), make_batch(DIMS, 7), LabelUnit())
    assert set(shown) == expected_names(components, keep_aux_heads)
    widths = {"edges": (6,), "common": (WIDTH,), "exclusive": (WIDTH,), "heads": ()}
    for name, values in shown.items():
        assert values.shape == (7, *widths[name.split("/")[0]]), name
        assert values.dtype == "float32"


def test_edges_of_an_item_sum_to_one_over_all_edges_or_over_each_target() -> None:
    batch = make_batch(DIMS, 7)
    for unit in ("homo", "hetero"):
        joint = torch.from_numpy(inspect_part(tiny(), batch, LabelUnit())[f"edges/{unit}"])
        torch.testing.assert_close(joint.sum(-1), torch.ones(7))
        per_target = torch.from_numpy(
            inspect_part(tiny(**{"gd.softmax": "per_target"}), batch, LabelUnit())[f"edges/{unit}"]
        )
        torch.testing.assert_close(per_target.view(7, 3, 2).sum(-1), torch.ones(7, 3))


def test_a_prior_is_shown_only_where_one_is_on() -> None:
    batch = make_batch(DIMS, 5)
    shown = inspect_part(tiny(**{"gd.prior": "official", "hetero_gd": False}), batch, LabelUnit())
    assert {name for name in shown if name.startswith("prior/")} == {"prior/homo"}
    # reference values of the published prior, in the order of EDGES
    rest, strong = 0.008834, 0.482332
    assert shown["prior/homo"].tolist() == pytest.approx([rest, rest, strong, rest, strong, rest], abs=1e-6)


def test_heads_are_those_that_the_loss_reads() -> None:
    model, batch = tiny(), make_batch(DIMS, 7)
    shown, terms = model.inspect(batch), model(batch, no_dropout).terms
    heads = {name.removeprefix("heads/"): values for name, values in shown.items() if name.startswith("heads/")}
    assert {f"task/{name}" for name in heads} == {n for n in terms if n.startswith("task/")} - {"task/final"}
    for name, values in heads.items():
        torch.testing.assert_close(F.l1_loss(values, batch.labels), terms[f"task/{name}"])


def test_common_features_of_a_linear_encoder_are_its_image_of_the_mean() -> None:
    """E^com is linear per step: averaging after it equals averaging before it."""
    model, batch = tiny(), make_batch(DIMS, 7)
    projected = model.projection(batch, 0.0, no_dropout)  # type: ignore[operator]
    for m in MODALITIES:
        steps, lengths = projected[m].steps, projected[m].lengths
        mean = torch.stack([steps[i, : lengths[i]].mean(0) for i in range(7)])
        weight = model.get_parameter("decoupling.common.weight")
        torch.testing.assert_close(model.inspect(batch)[f"common/{m}"], mean @ weight.T)


def test_padding_and_neighbours_change_nothing_that_is_shown() -> None:
    model, batch = tiny(), make_batch(DIMS, 6)
    batch = Batch(batch.features, {m: n.clamp(min=2) for m, n in batch.lengths.items()}, None)
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    shown, shuffled = inspect_part(model, batch, LabelUnit()), inspect_part(model, batch.take(order), LabelUnit())
    for name, values in shown.items():
        torch.testing.assert_close(torch.from_numpy(shuffled[name]), torch.from_numpy(values)[order])


def test_a_job_returns_details_of_the_test_part_only_where_it_is_scored_and_asked_for() -> None:
    dataset = open_dataset("planted:num_videos=9,clips_per_video=4")
    settings = {**TINY, "max_epochs": 1}
    fold = FoldRef("group", k=3, fold=0)

    def result(scores_test: bool, keeps_details: bool, model: str = "dmd") -> JobResult:
        job = Job(model, settings if model == "dmd" else {}, 1, fold, scores_test, keeps_details=keeps_details)
        return run_job(job, dataset, lambda report: True)

    kept = result(True, True)
    assert kept.test_predictions is not None
    assert {len(values) for values in kept.test_details.values()} == {len(kept.test_predictions.ids)}
    assert not result(True, False).test_details
    assert not result(False, True).test_details
    assert result(True, True, "ridge").test_details == {}
    assert result(True, False).test == kept.test, "keeping details decides no number"
