"""The whole model: sizes, components, what each removal removes, and independence from padding."""

from __future__ import annotations

import pytest
import torch

from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import SeededDropout, no_dropout
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.models.dmd_config import DMDConfig, find_conflict, inactive_settings
from dmd.models.model import Model, Outputs
from dmd.registry import build_model
from dmd.settings import fields_of
from dmd.training.run import split_settings
from tests.dmd.builders import FEASIBLE, TINY, make_batch, make_dims

DIMS = make_dims()


def tiny(seed: int = 0, **settings: Setting) -> Model:
    return build_model("dmd", {**TINY, **settings}, DIMS, seed)


def run(model: Model, seed: int = 0) -> Outputs:
    # an odd size: the signs of an L1 gradient can then never cancel
    return model(make_batch(DIMS, 7, seed), no_dropout)


def name_of(components: dict[str, bool]) -> str:
    return "+".join(name for name, on in components.items() if on) or "none"


@pytest.mark.parametrize(
    ("preset", "widths", "steps", "expected"),
    [
        ("official", (768, 5, 20), (50, 50, 50), 4_743_658),
        ("official", (768, 5, 20), (50, 375, 500), 12_571_158),
        ("official", (300, 5, 20), (50, 375, 500), 12_454_158),
        ("official-mosei", (768, 74, 35), (50, 50, 50), 1_792_778),
        ("official-mosei", (768, 74, 35), (50, 500, 500), 5_086_778),
        ("official-mosei", (300, 74, 35), (50, 500, 500), 5_016_578),
    ],
)
def test_parameter_counts_equal_the_published_model(
    preset: str, widths: tuple[int, ...], steps: tuple[int, ...], expected: int
) -> None:
    settings = split_settings("dmd", {"preset": preset, "legacy_params": True}).settings
    model = build_model("dmd", settings, make_dims(widths, steps), 0)
    assert sum(p.numel() for name, p in model.named_parameters() if "_gd." not in name) == expected


@pytest.mark.parametrize("components", FEASIBLE, ids=name_of)
@pytest.mark.parametrize("keep_aux_heads", [False, True])
def test_every_combination_trains_all_of_its_parameters(components: dict[str, bool], keep_aux_heads: bool) -> None:
    model = tiny(**components, keep_aux_heads=keep_aux_heads)
    outputs = run(model)
    assert outputs.loss is not None
    outputs.loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    # a softmax over the edges cancels the bias of the edge scores, and every softmax the bias of the keys
    assert [name for name in without if not name.endswith("edge.bias")] == []


@pytest.mark.parametrize("components", [c for c in FEASIBLE if not all(c.values())], ids=name_of)
def test_every_arm_differs_from_the_full_model(components: dict[str, bool]) -> None:
    full, arm = tiny(), tiny(**components)
    assert {n for n, _ in full.named_parameters()} != {n for n, _ in arm.named_parameters()}
    assert sum(p.numel() for p in full.parameters()) != sum(p.numel() for p in arm.parameters())


REMOVED = {
    "fd": ({"rec", "cyc", "mar", "ort"}, "decoupling"),
    "homo_gd": ({"dtl/homo/logit", *(f"task/homo_{m}" for m in MODALITIES)}, "homo_gd"),
    "hetero_gd": ({"dtl/hetero/logit", *(f"task/hetero_{m}" for m in MODALITIES)}, "hetero_gd"),
    "ca": (set(), "crossmodal_attention"),
}


@pytest.mark.parametrize("component", REMOVED)
def test_a_switch_removes_its_modules_and_exactly_its_terms(component: str) -> None:
    on: dict[str, Setting] = {"homo_gd": False} if component == "fd" else {}
    full, arm = tiny(**on), tiny(**on, **{component: False})
    terms, module = REMOVED[component]
    expected = terms | {"task/common"} if component == "fd" else terms
    assert set(run(full).terms) - set(run(arm).terms) == expected
    assert any(name.startswith(module) for name, _ in full.named_modules())
    assert not any(name.startswith(module) for name, _ in arm.named_modules())


def test_auxiliary_heads_stay_without_distillation() -> None:
    kept = set(run(tiny(homo_gd=False, keep_aux_heads=True)).terms)
    assert {"task/homo_language", "task/hetero_language"} <= kept
    assert not any(name.startswith("dtl/homo") for name in kept)


@pytest.mark.parametrize(("weight", "terms"), [("lambda1", ("rec", "cyc", "mar", "ort")), ("lambda2", ("dtl/",))])
def test_a_term_of_zero_weight_has_no_gradient_path(weight: str, terms: tuple[str, ...]) -> None:
    """Only modules that serve the removed terms alone lose their gradient."""
    model = tiny(**{weight: 0.0})
    loss = run(model).loss
    assert loss is not None
    loss.backward()
    serving = {"lambda1": ("decoupling.decoder", "decoupling.align"), "lambda2": ("homo_gd", "hetero_gd")}[weight]
    for name, parameter in model.named_parameters():
        has_gradient = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        if name.startswith(serving):
            assert not has_gradient, name


def test_total_is_equation_eleven() -> None:
    weights = {"gamma": 0.3, "lambda1": 0.7, "lambda2": 0.2}
    outputs = run(tiny(**weights))
    t = {name: value.item() for name, value in outputs.terms.items()}
    task = sum(value for name, value in t.items() if name.startswith("task/"))
    assert len([name for name in t if name.startswith("task/")]) == 8
    distilled = sum(value for name, value in t.items() if name.startswith("dtl/"))
    expected = task + 0.7 * (t["rec"] + t["cyc"] + 0.3 * (t["mar"] + t["ort"])) + 0.2 * distilled
    assert outputs.loss is not None
    assert outputs.loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("components", FEASIBLE, ids=name_of)
def test_neither_padding_nor_neighbours_change_a_prediction(components: dict[str, bool]) -> None:
    model, batch = tiny(**components), make_batch(DIMS, 4)
    batch = Batch(batch.features, {m: n.clamp(min=2) for m, n in batch.lengths.items()}, batch.labels)
    alone = model(batch, no_dropout)
    noisy = {}
    for m, x in batch.features.items():
        padding = torch.arange(x.shape[1]) >= batch.lengths[m][:, None]
        noisy[m] = torch.where(padding.unsqueeze(-1), torch.full_like(x, 7.0), x)
    disturbed = model(Batch(noisy, batch.lengths, batch.labels), no_dropout)
    torch.testing.assert_close(disturbed.prediction, alone.prediction)
    torch.testing.assert_close(disturbed.loss, alone.loss)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(model(batch.take(order), no_dropout).prediction, alone.prediction[order])


def test_sequences_shorter_than_a_kernel_run() -> None:
    dims = make_dims(steps=(1, 2, 3))
    model = build_model("dmd", {**TINY, "kernel.language": 5, "kernel.audio": 5}, dims, 0)
    outputs = model(make_batch(dims, 5), no_dropout)
    assert outputs.prediction.shape == (5,)
    assert outputs.loss is not None
    assert outputs.loss.isfinite()


def test_arms_of_one_seed_share_the_initial_values_they_have_in_common() -> None:
    full, arm = (dict(tiny(3, **c).named_parameters()) for c in ({}, {"ca": False, "hetero_gd": False}))
    shared = full.keys() & arm.keys()
    assert len(shared) > 40
    assert all(torch.equal(full[name], arm[name]) for name in shared)
    other = dict(tiny(4).named_parameters())
    assert not torch.equal(full["fusion.into.weight"], other["fusion.into.weight"])


def test_dropout_masks_depend_on_seed_and_step_only() -> None:
    model, batch = tiny(), make_batch(DIMS, 6)
    first, again, later = (model(batch, SeededDropout(1, step)).prediction for step in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.allclose(first, later)


def test_impossible_combinations_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="homo_gd needs fd"):
        tiny(fd=False, ca=True)
    with pytest.raises(ConfigurationError, match="hetero_gd needs fd or ca"):
        tiny(fd=False, homo_gd=False, ca=False)
    combinations = [
        {"fd": fd, "homo_gd": homo, "ca": ca, "hetero_gd": hetero}
        for fd in (True, False)
        for homo in (True, False)
        for ca in (True, False)
        for hetero in (True, False)
    ]
    allowed = [c for c in combinations if find_conflict({**c, "width": 8, "heads": 2}) is None]
    assert sorted(map(name_of, allowed)) == sorted(map(name_of, FEASIBLE))
    assert len(allowed) == 11


def test_odd_width_and_heads_that_do_not_divide_are_reported_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        tiny(width=9, heads=2)
    assert "width must be even" in str(caught.value)
    assert "heads must divide width, got heads=2 and width=9" in str(caught.value)


@pytest.mark.parametrize("components", FEASIBLE, ids=name_of)
def test_inactive_settings_do_not_change_the_loss(components: dict[str, bool]) -> None:
    """A search never spends trials on them, so this must hold exactly."""
    defaults: dict[str, Setting] = {part.name: part.default for part in fields_of(DMDConfig)}
    inactive = inactive_settings({**defaults, **components})
    before = run(tiny(**components)).loss
    for name in sorted(inactive & {"gamma", "lambda1", "lambda2", "alpha", "gd.temperature"}):
        after = run(tiny(**components, **{name: 0.77})).loss
        assert before is not None
        assert after is not None
        assert torch.equal(before, after), name
    for name in {"gamma", "lambda1", "lambda2", "alpha"} - inactive:
        after = run(tiny(**components, **{name: 0.77})).loss
        assert before is not None
        assert after is not None
        assert not torch.equal(before, after), name


def test_unaligned_lengths_and_other_widths_run() -> None:
    dims = make_dims(widths=(30, 7, 9), steps=(12, 40, 55))
    outputs = build_model("dmd", TINY, dims, 0)(make_batch(dims, 3), no_dropout)
    assert outputs.prediction.shape == (3,)
    assert isinstance(dims, Dims)
