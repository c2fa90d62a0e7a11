"""MulT and MulT with GD: sizes by formula, what GD adds, who is taught, and that published sizes can be built."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.dropout import no_dropout
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.models.model import Model, Outputs
from dmd.models.mult_config import PRESETS, MulTConfig, inactive_settings
from dmd.registry import build_model
from dmd.settings import fields_of
from dmd.training.evaluate import inspect_part
from dmd.training.label_units import LabelUnit
from dmd.training.run import split_settings
from tests.dmd.builders import make_batch, make_dims

DIMS = make_dims()
BATCH = make_batch(DIMS, 7)
TINY: dict[str, Setting] = {"width": 8, "heads": 2, "levels": 1, "gd_unit.size": 4}
TINY |= {f"kernel.{m}": 2 for m in MODALITIES}


def tiny(**settings: Setting) -> Model:
    return build_model("mult", {**TINY, **settings}, DIMS, 0)


def run(model: Model) -> Outputs:
    outputs: Outputs = model(BATCH, no_dropout)
    return outputs


def encoder_size(width: int, levels: int) -> int:
    """Reference: an encoder of width w with n layers."""
    return levels * (12 * width**2 + 13 * width) + 2 * width


def size_by_hand(widths: tuple[int, ...], kernels: tuple[int, ...], d: int, levels: int, gd_size: int | None) -> int:
    projection = sum(width * kernel * d for width, kernel in zip(widths, kernels, strict=True))
    encoders = 6 * encoder_size(d, levels) + 3 * encoder_size(2 * d, max(levels, 3))
    fusion = 2 * (36 * d**2 + 6 * d) + 6 * d + 1
    if gd_size is None:
        return projection + encoders + fusion
    heads = 3 * (2 * d + 1)
    unit = 2 * gd_size + (2 * d * gd_size + gd_size) + (4 * gd_size + 1)
    return projection + encoders + fusion + heads + unit


@pytest.mark.parametrize(
    ("widths", "kernels", "d", "heads", "levels"),
    [((768, 5, 20), (5, 5, 5), 50, 10, 4), ((300, 74, 35), (5, 1, 3), 30, 6, 4), ((5, 3, 4), (1, 2, 3), 8, 2, 1)],
)
@pytest.mark.parametrize("gd", [False, True])
def test_it_has_the_parameters_of_its_parts(
    widths: tuple[int, ...], kernels: tuple[int, ...], d: int, heads: int, levels: int, gd: bool
) -> None:
    settings: dict[str, Setting] = {"width": d, "heads": heads, "levels": levels, "gd": gd}
    settings |= {f"kernel.{m}": kernel for m, kernel in zip(MODALITIES, kernels, strict=True)}
    model = build_model("mult", settings, make_dims(widths), 0)
    expected = size_by_hand(widths, kernels, d, levels, 32 if gd else None)
    assert sum(p.numel() for p in model.parameters()) == expected


def test_without_crossmodal_attention_there_is_an_encoder_per_modality() -> None:
    model = build_model("mult", {"width": 10, "heads": 2, "levels": 3, "ca": False}, make_dims((7, 5, 3)), 0)
    # convolutions of 5 steps; encoders; Linear d -> 2d; fusion
    expected = (7 + 5 + 3) * 5 * 10 + 3 * encoder_size(10, 3) + 3 * (10 * 20 + 20) + 2 * (36 * 100 + 60) + 61
    assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize("ca", [True, False])
def test_a_modality_sees_the_others_through_crossmodal_attention_alone(ca: bool) -> None:
    model = tiny(ca=ca, keep_aux_heads=True).eval()
    others = {m: x if m == "language" else torch.randn_like(x) for m, x in BATCH.features.items()}
    before, after = (
        model.inspect(batch)["heads/hetero_language"] for batch in (BATCH, replace(BATCH, features=others))
    )
    assert torch.equal(before, after) != ca


def test_the_published_sizes_of_its_encoders_are_those_inside_dmd() -> None:
    # reference, MOSI row: cross 736 200, memory 1 456 200
    assert (6 * encoder_size(50, 4), 3 * encoder_size(100, 4)) == (736_200, 1_456_200)


def test_without_gd_there_is_one_term_and_nothing_else_is_built() -> None:
    assert set(run(tiny()).terms) == {"task/final"}
    assert {name.split(".")[0] for name, _ in tiny().named_parameters()} == {
        "projection",
        "crossmodal_attention",
        "fusion",
    }
    assert dict(tiny().inspect(BATCH)) == {}


def test_gd_adds_three_heads_and_one_unit_and_changes_no_prediction_of_the_untrained_model() -> None:
    plain, distilled = run(tiny()), run(tiny(gd=True))
    added = {*(f"task/hetero_{m}" for m in MODALITIES), "dtl/hetero/logit"}
    assert set(distilled.terms) - set(plain.terms) == added
    assert torch.equal(plain.prediction, distilled.prediction)


def test_the_loss_is_task_plus_lambda2_times_distillation() -> None:
    outputs = run(tiny(gd=True, lambda2=0.3))
    values = {name: term.item() for name, term in outputs.terms.items()}
    task = sum(value for name, value in values.items() if name.startswith("task/"))
    assert len(values) == 5
    assert outputs.loss is not None
    assert outputs.loss.item() == pytest.approx(task + 0.3 * values["dtl/hetero/logit"], rel=1e-6)


def test_heads_without_gd_are_supervised_and_not_distilled() -> None:
    kept = run(tiny(keep_aux_heads=True))
    assert set(kept.terms) == {"task/final", *(f"task/hetero_{m}" for m in MODALITIES)}
    assert set(run(tiny(gd=True, task_heads="final")).terms) == {"task/final", "dtl/hetero/logit"}


def gradients_of_distillation(detach_teacher: bool) -> dict[str, Tensor]:
    """Gradient of the distillation term in the bias of each head, the edge network cut off."""
    settings: dict[str, Setting] = {"gd_unit.detach_teacher": detach_teacher, "gd_unit.detach_edge_inputs": True}
    model = tiny(gd=True, **settings)
    run(model).terms["dtl/hetero/logit"].backward()
    found = {}
    for m in MODALITIES:
        gradient = dict(model.named_parameters())[f"hetero_heads.{m}.out.bias"].grad
        assert gradient is not None
        found[m] = gradient
    return found


def test_with_detached_teachers_the_heads_do_not_cancel() -> None:
    """Without detaching, every edge pulls both of its ends by equal and opposite amounts, so the biases sum to 0."""
    both_ends = sum(gradients_of_distillation(False).values())
    student_only = sum(gradients_of_distillation(True).values())
    assert isinstance(both_ends, Tensor)
    assert isinstance(student_only, Tensor)
    assert both_ends.abs().item() < 1e-6
    assert student_only.abs().item() > 1e-3


@pytest.mark.parametrize("settings", [{}, {"gd": True}, {"keep_aux_heads": True}, {"ca": False}])
def test_every_parameter_is_trained(settings: dict[str, Setting]) -> None:
    model = tiny(**settings)
    outputs = run(model)
    assert outputs.loss is not None
    outputs.loss.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    # a softmax over the edges cancels the bias of the edge scores
    assert [name for name in idle if not name.endswith("edge.bias")] == []


def test_what_it_shows_is_what_its_loss_reads() -> None:
    model = tiny(gd=True, **{"gd_unit.prior": "official"})
    shown, terms = inspect_part(model, BATCH, LabelUnit()), run(model).terms
    assert set(shown) == {"edges/hetero", "prior/hetero", *(f"heads/hetero_{m}" for m in MODALITIES)}
    assert shown["edges/hetero"].shape == (7, 6)
    # the published prior of reinforced features, in the order of EDGES
    rest, strong = 0.005995, 0.327338
    assert shown["prior/hetero"].tolist() == pytest.approx([rest, rest, strong, rest, strong, strong], abs=1e-6)
    for m in MODALITIES:
        head = torch.from_numpy(shown[f"heads/hetero_{m}"])
        torch.testing.assert_close(F.l1_loss(head, BATCH.labels), terms[f"task/hetero_{m}"])


def test_it_starts_from_the_values_that_dmd_starts_from() -> None:
    mult, dmd = (
        dict(build_model(name, {"width": 8, "heads": 2, "levels": 1}, DIMS, 3).named_parameters())
        for name in ("mult", "dmd")
    )
    shared = [name for name in mult if name.startswith(("projection.", "crossmodal_attention."))]
    assert len(shared) > 30
    assert all(torch.equal(mult[name], dmd[name]) for name in shared)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_set_of_known_settings_that_can_run(preset: str) -> None:
    split = split_settings("mult", {"preset": preset})
    outputs = build_model("mult", split.settings, make_dims(steps=(6, 7, 8)), 0)(
        make_batch(make_dims(steps=(6, 7, 8)), 3), no_dropout
    )
    assert outputs.prediction.shape == (3,)


def test_presets_hold_the_published_numbers() -> None:
    mosi, mosei = split_settings("mult", {"preset": "tsai_mosi"}), split_settings("mult", {"preset": "mmsa_mosei"})
    assert (mosi.training.batch_size, mosi.training.learning_rate, mosi.settings["heads"]) == (128, 1e-3, 10)
    assert (mosi.training.clip.kind, mosi.training.clip.limit) == ("norm", 0.8)
    assert (mosei.settings["width"], mosei.settings["kernel.audio"], mosei.training.batch_size) == (30, 1, 4)
    assert mosei.training.accumulation.steps == 8


def test_sizes_that_no_encoder_can_have_are_said_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        tiny(width=9)
    assert "mult: width must be even" in str(caught.value)
    assert "heads must divide width, got heads=2 and width=9" in str(caught.value)


@pytest.mark.parametrize("components", [{}, {"gd": True}, {"keep_aux_heads": True}])
def test_inactive_settings_change_nothing_and_active_ones_do(components: dict[str, Setting]) -> None:
    defaults: dict[str, Setting] = {part.name: part.default for part in fields_of(MulTConfig)}
    inactive = inactive_settings({**defaults, **TINY, **components})
    other: dict[str, Setting] = {
        "lambda2": 0.7, "gd_unit.temperature": 1.0, "gd_unit.prior": "uniform", "task_heads": "final",
        "gd_unit.size": 8, "gd_unit.softmax": "per_target", "gd_unit.representation": "l1",
    }  # fmt: skip
    before = run(tiny(**components)).loss
    assert before is not None
    for name, value in other.items():
        after = run(tiny(**{**components, name: value})).loss
        assert after is not None
        assert torch.equal(before, after) == (name in inactive), name
