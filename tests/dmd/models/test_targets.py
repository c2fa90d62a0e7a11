"""DMD, MulT and unimodal for classes, yes-or-no answers and several numbers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import no_dropout
from dmd.job import Setting
from dmd.layers.heads import LinearHead, ResidualHead, start_heads
from dmd.modalities import MODALITIES
from dmd.models.dmd_presets import PRESETS
from dmd.models.model import Model, Outputs
from dmd.registry import build_model
from dmd.training.run import split_settings
from tests.dmd.builders import FEASIBLE, TARGETS, TINY, make_batch, make_dims

BACKBONE: dict[str, Setting] = {name: value for name, value in TINY.items() if not name.startswith("gd.")}
MODELS: dict[str, tuple[str, dict[str, Setting]]] = {
    "dmd": ("dmd", TINY),
    "mult": ("mult", BACKBONE),
    "mult_gd": ("mult", {**BACKBONE, "gd": True, "gd_unit.size": 4}),
    "unimodal": ("unimodal", {**BACKBONE, "fd": True}),
}


def dims_of(kind: str) -> Dims:
    return make_dims(target=TARGETS[kind])


def build(name: str, kind: str, **settings: Setting) -> Model:
    method, own = MODELS[name]
    return build_model(method, {**own, **settings}, dims_of(kind), 0)


def run(model: Model, kind: str, size: int = 7) -> Outputs:
    return model(make_batch(dims_of(kind), size), no_dropout)


def error_by_hand(kind: str, outputs: Tensor, labels: Tensor) -> Tensor:
    """(B,): of the task, written down again."""
    if kind == "classes":
        return -outputs.softmax(-1)[torch.arange(len(labels)), labels.long()].log()
    if kind == "binaries":
        p = outputs.sigmoid()
        return -(labels * p.log() + (1 - labels) * (1 - p).log()).mean(-1)
    apart = (outputs - labels).abs()
    return apart[:, 0] + apart[:, 1:].mean(-1)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("components", FEASIBLE, ids=lambda c: "+".join(n for n, on in c.items() if on) or "none")
def test_every_combination_trains_all_of_its_parameters(components: dict[str, bool], kind: str) -> None:
    model = build("dmd", kind, **components)
    outputs = run(model, kind)
    assert outputs.prediction.shape == (7, TARGETS[kind].num_outputs)
    assert outputs.loss is not None
    outputs.loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    assert [name for name in without if not name.endswith("edge.bias")] == []


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_the_task_is_the_error_of_every_head(name: str, kind: str) -> None:
    model, batch = build(name, kind), make_batch(dims_of(kind), 7)
    outputs = model(batch, no_dropout)
    heads = {"final": outputs.prediction}
    heads |= {head: x for head, x in ((n.removeprefix("heads/"), x) for n, x in model.inspect(batch).items()) if x.ndim}
    tasks = {n.removeprefix("task/"): term for n, term in outputs.terms.items() if n.startswith("task/")}
    assert len(tasks) == {"dmd": 8, "mult": 1, "mult_gd": 4, "unimodal": 1}[name]
    assert batch.labels is not None
    for head, term in tasks.items():
        torch.testing.assert_close(term, error_by_hand(kind, heads[head], batch.labels).mean())


def test_total_is_equation_eleven_for_classes() -> None:
    outputs = run(build("dmd", "classes", gamma=0.3, lambda1=0.7, lambda2=0.2), "classes")
    t = {name: value.item() for name, value in outputs.terms.items()}
    task, distilled = (sum(v for n, v in t.items() if n.startswith(part)) for part in ("task/", "dtl/"))
    expected = task + 0.7 * (t["rec"] + t["cyc"] + 0.3 * (t["mar"] + t["ort"])) + 0.2 * distilled
    assert outputs.loss is not None
    assert outputs.loss.item() == pytest.approx(expected, rel=1e-6)
    assert t["mar"] > 0
    assert t["dtl/homo/logit"] > 0


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains(preset: str, kind: str) -> None:
    full: dict[str, Setting] = {"preset": preset, **TINY}
    model = build_model("dmd", split_settings("dmd", full).settings, dims_of(kind), 0)
    loss = run(model, kind).loss
    assert loss is not None
    loss.backward()
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_neither_padding_nor_neighbours_change_a_prediction(name: str, kind: str) -> None:
    model, batch = build(name, kind), make_batch(dims_of(kind), 4)
    batch = Batch(batch.features, {m: n.clamp(min=2) for m, n in batch.lengths.items()}, batch.labels, task=batch.task)
    alone = model(batch, no_dropout)
    noisy = {}
    for m, x in batch.features.items():
        padding = torch.arange(x.shape[1]) >= batch.lengths[m][:, None]
        noisy[m] = torch.where(padding.unsqueeze(-1), torch.full_like(x, 7.0), x)
    disturbed = model(Batch(noisy, batch.lengths, batch.labels, task=batch.task), no_dropout)
    torch.testing.assert_close(disturbed.prediction, alone.prediction)
    torch.testing.assert_close(disturbed.loss, alone.loss)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(model(batch.take(order), no_dropout).prediction, alone.prediction[order])


@pytest.mark.parametrize("kind", TARGETS)
def test_logits_add_columns_to_heads_and_vertices_and_nothing_else(kind: str) -> None:
    def count(target_kind: str | None) -> int:
        dims = make_dims() if target_kind is None else dims_of(target_kind)
        return sum(p.numel() for p in build_model("dmd", TINY, dims, 0).parameters())

    d, steps = 8, sum(t - 1 for t in make_dims().max_steps.values())
    # heads: fusion 9d, common 3d, hetero 2d each, homo d T'_m; the vertices of both units are 4 wide
    per_output = (9 * d + 1) + (3 * d + 1) + 3 * (2 * d + 1) + (d * steps + 3) + 2 * 4
    assert count(kind) - count(None) == (TARGETS[kind].num_outputs - 1) * per_output


@pytest.mark.parametrize("kind", TARGETS)
def test_what_a_model_shows_has_a_column_for_every_name(kind: str) -> None:
    batch = make_batch(dims_of(kind), 5)
    shown = build("dmd", kind).inspect(batch)
    heads = {"common", *(f"{branch}_{m}" for branch in ("homo", "hetero") for m in MODALITIES)}
    assert {n for n in shown if n.startswith("heads/")} == {f"heads/{head}" for head in heads}
    assert all(shown[f"heads/{head}"].shape == (5, TARGETS[kind].num_outputs) for head in heads)
    assert shown["edges/homo"].shape == (5, 6)


def test_heads_begin_at_the_values_they_are_given() -> None:
    model, values = build("mult_gd", "classes"), torch.tensor([0.1, -0.7, 0.3])
    start_heads(model, values)
    heads = [m for m in model.modules() if isinstance(m, ResidualHead | LinearHead)]
    assert len(heads) == 4
    assert all(torch.equal(head.out.bias, values) for head in heads)


def test_one_question_is_a_column_and_no_number() -> None:
    head = ResidualHead(4, 3, (1,))
    assert head(torch.zeros(5, 4), 0.0, no_dropout, "site").logit.shape == (5, 1)
    assert LinearHead(4)(torch.zeros(5, 4)).logit.shape == (5,)
