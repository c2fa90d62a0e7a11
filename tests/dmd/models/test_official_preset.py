"""The ``official`` preset computes what the published code computes (fact sheet, sections 1.2 to 1.5 and 2)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dmd.data.dataset.batches import Batch
from dmd.data.dataset.input_config import InputConfig
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.dropout import Dropout, no_dropout
from dmd.job import Checkpointing, Setting
from dmd.layers.gd_unit import GDUnit
from dmd.losses.margin import margin_loss
from dmd.metrics.sentiment import metric_names
from dmd.modalities import MODALITIES
from dmd.models.dmd import DMD
from dmd.models.dmd_config import DMDConfig
from dmd.models.dmd_presets import PRESETS
from dmd.models.model import Model, Outputs
from dmd.random_streams import numpy_generator
from dmd.registry import METHODS, build_model
from dmd.scoring import Scoring
from dmd.settings import fields_of
from dmd.training.checkpoint import decode_state, take_up_state
from dmd.training.config import TrainingConfig
from dmd.training.loop import train
from dmd.training.run import split_settings
from orchestration.process.atomic_files import write_whole
from tests.dmd.builders import TINY, make_batch, make_dims
from tests.dmd.layers.test_gd_unit import golden_unit, heads, representations
from tests.dmd.losses.test_losses import LABELS, VECTORS

DIMS = make_dims()


def official(**settings: Setting) -> tuple[DMD, TrainingConfig]:
    split = split_settings("dmd", {"preset": "official", **TINY, **settings})
    model = build_model("dmd", split.settings, DIMS, 0)
    assert isinstance(model, DMD)
    return model, split.training


def test_every_preset_names_settings_that_exist_and_official_ones_name_every_switch() -> None:
    known = {part.name for config in (DMDConfig, TrainingConfig, InputConfig) for part in fields_of(config)}
    assert METHODS["dmd"].presets is PRESETS
    for settings in PRESETS.values():
        assert set(settings) <= known
    # what is not a switch between paper and code: components, stand-ins for them, and aids
    free = {"fd", "homo_gd", "ca", "hetero_gd", "keep_aux_heads", "ca_off", "legacy_params"}
    # what is shown to the model, and where a BERT is
    free |= {"modalities", "text", "bert.path"}
    # what neither of them has: other projections, and targets of other kinds
    free |= {"class_weights", "auxiliary_weight"}
    free |= {f"projection.{m}" for m in MODALITIES}
    assert known - set(PRESETS["official"]) == free
    assert PRESETS["official"].keys() == PRESETS["official-mosei"].keys()


def test_total_is_the_published_sum_of_eight_heads_and_weighed_terms() -> None:
    outputs = official()[0](make_batch(DIMS, 7), no_dropout)
    t = {name: value.item() for name, value in outputs.terms.items()}
    task = {"final", "common", *(f"{branch}_{m}" for branch in ("homo", "hetero") for m in MODALITIES)}
    homo, hetero = ("dtl/homo/logit", "dtl/homo/prior"), ("dtl/hetero/logit", "dtl/hetero/prior")
    hetero = (*hetero, "dtl/hetero/representation")
    assert set(t) == {f"task/{name}" for name in task} | {*homo, *hetero} | {"rec", "cyc", "mar", "ort"}
    expected = (
        sum(t[f"task/{name}"] for name in task)
        + 0.05 * sum(t[name] for name in homo)
        + 0.05 * sum(t[name] for name in hetero)
        + 0.1 * (t["rec"] + t["cyc"] + 0.1 * (t["mar"] + t["ort"]))
    )
    assert outputs.loss is not None
    assert outputs.loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "published"),
    [
        # L_homo = 0.05 (logit + reg); L_hetero = 0.05 (logit + repr + reg); golden values of section 1.3
        ("homo", 0.05 * (3.538877 + 3.682003)),
        ("hetero", 0.05 * (3.341586 + 6.992238 + 2.388758)),
    ],
)
def test_distillation_of_both_units_has_the_published_value(unit: str, published: float) -> None:
    model, _ = official()
    built = model.homo_gd if unit == "homo" else model.hetero_gd
    assert isinstance(built, GDUnit)
    terms = golden_unit(built.config)(heads(), representations()).terms
    assert 0.05 * sum(value.item() for value in terms.values()) == pytest.approx(published, abs=1e-6)


def test_margin_loss_of_the_preset_has_the_published_value() -> None:
    rule, alpha = official()[0].config.margin, official()[0].alpha
    loss = margin_loss(
        VECTORS,
        LABELS,
        torch.zeros(6, dtype=torch.int64),
        alpha,
        kind=rule.kind,
        triplets=rule.triplets,
        label_class=rule.label_class,
        reduction=rule.reduction,
    )
    assert loss.item() == pytest.approx(0.0625464, abs=1e-6)


def test_padding_is_seen_and_the_last_position_is_read() -> None:
    model, _ = official()
    batch = make_batch(DIMS, 5)
    lengths = {m: torch.full((5,), 2) for m in MODALITIES}
    blind = Batch(batch.features, lengths, None)
    torch.testing.assert_close(model(blind, no_dropout).prediction, model(batch, no_dropout).prediction)
    ends = {m: x.clone() for m, x in batch.features.items()}
    ends["vision"][:, -1] += 1.0
    assert not torch.allclose(
        model(Batch(ends, lengths, None), no_dropout).prediction, model(batch, no_dropout).prediction
    )


PAPERS: dict[str, Setting] = {
    "margin.kind": "constant",
    "margin.triplets": "cross_modal",
    "margin.label_class": "round7",
    "margin.reduction": "triples",
    "margin.project": False,
    "alpha": 0.1,
    "ort.form": "signed",
    "ort.axis": "feature",
    "recon.reduction": "sum",
    "task_heads": "final",
    "gd.softmax": "per_target",
    "gd.temperature": 1.0,
    "gd.prior": "none",
    "gd.regulariser": 1.0,
    "gd.representation_hetero": "off",
    "gd.representation_homo": "l1",
    "gate": "multiply",
    "mask_padding": True,
    "pool": "last_valid",
    "causal": False,
}


@pytest.mark.parametrize("switch", PAPERS)
def test_every_switch_of_the_model_moves_the_loss(switch: str) -> None:
    batch = make_batch(DIMS, 9)
    classes = torch.tensor([1.0, 1.0, 1.0, -2.0, -2.0, 0.4, 0.4, 0.4, 0.3])  # of different sizes, two in one integer
    batch = Batch(batch.features, batch.lengths, classes)
    shared: dict[str, Setting] = {"levels": 2, "gamma": 1.0, "lambda1": 1.0, "lambda2": 1.0}
    changes: list[dict[str, Setting]] = [{}, {switch: PAPERS[switch]}]
    losses = [official(**shared, **changed)[0](batch, no_dropout).loss for changed in changes]
    assert losses[0] is not None
    assert losses[1] is not None
    assert abs(losses[0].item() - losses[1].item()) > 1e-6


class OneWeight(Model):
    """``loss = w x`` with x the batch's only feature: the gradient of a mini-batch is that number."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        x = batch.features["language"][:, 0, 0]
        return Outputs(self.w * x, (self.w * x).mean() if batch.labels is not None else None)


def first_moment(directory: Path, gradients: list[float], config: TrainingConfig) -> list[float]:
    """Adam's first moment / 0.1 after an epoch over mini-batches with these gradients: its one accumulated gradient."""
    x = torch.tensor(gradients)[:, None, None]
    part = Batch(
        dict.fromkeys(MODALITIES, x), dict.fromkeys(MODALITIES, torch.ones(len(x), dtype=torch.int64)), x[:, 0, 0]
    )
    train(
        OneWeight(),
        part,
        part,
        config,
        Scoring(Target(), metric_names(LabelScale())),
        0,
        lambda report: False,
        Checkpointing(directory, write_whole),
    )
    content = take_up_state(directory)
    assert content is not None
    optimiser = decode_state(content)["turns"][0]["optimiser"]
    return [values["exp_avg"].item() / 0.1 for values in optimiser["state"].values()]


def test_ten_mini_batches_are_summed_and_clipped_after_each(tmp_path: Path) -> None:
    _, training = official(batch_size=1)
    assert first_moment(tmp_path / "a", [1.0] * 10, training) == pytest.approx([0.6])
    assert first_moment(tmp_path / "b", [0.01] * 10, training) == pytest.approx([0.1]), "summed, not averaged"
    assert first_moment(tmp_path / "c", [0.01] * 19, training) == pytest.approx([0.1]), "nine left over are dropped"
    mixed = [0.5] * 5 + [-0.3] * 5
    accumulated = 0.0
    for row in numpy_generator(0, "order", 1).permutation(10):
        accumulated = min(max(accumulated + mixed[row], -0.6), 0.6)
    assert first_moment(tmp_path / "d", mixed, training) == pytest.approx([accumulated])
    assert accumulated != pytest.approx(min(sum(mixed), 0.6)), "not clipped once at the end"
