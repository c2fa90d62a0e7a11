"""What a model computes in: bfloat16 only where it is harmless, TF32 only while it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from dmd.data.formats.load import open_dataset
from dmd.dropout import SeededDropout, no_dropout
from dmd.errors import TrainingDiverged
from dmd.job import EpochReport, FoldRef, Job, JobResult, OnEpoch, Setting
from dmd.losses.margin import margin_loss
from dmd.models.model import Model
from dmd.precision import Precision, float32_products, in_float32
from dmd.registry import METHODS, build_model
from dmd.settings import fields_of
from dmd.training.run import run_job, split_settings
from tests.dmd.builders import FEASIBLE, TINY, make_batch, make_dims
from tests.dmd.losses.test_losses import LABELS, VECTORS

DIMS = make_dims()
KNOWN = {name: {part.name for part in fields_of(method.settings)} for name, method in METHODS.items()}
DATASET = open_dataset("planted:num_videos=9,clips_per_video=8")


def run(precision: str, on_epoch: OnEpoch = lambda report: True, **settings: Setting) -> JobResult:
    chosen = {**TINY, "max_epochs": 6, "learning_rate": 3e-3, **settings, "precision": precision}
    return run_job(Job("dmd", chosen, 1, FoldRef("group", k=3, fold=0), scores_test=True), DATASET, on_epoch)


def model_in(precision: Precision, **settings: Setting) -> Model:
    model = build_model("dmd", {**TINY, **settings}, DIMS, 0)
    model.precision = precision
    return model


def test_bf16_trains_close_to_fp32_and_is_not_fp32() -> None:
    full, half = run("fp32"), run("bf16")
    assert full.test is not None
    assert half.test is not None
    assert half.test["mae"] == pytest.approx(full.test["mae"], abs=0.1)
    assert half.test != full.test
    losses = [[report.metrics["train/loss"] for report in result.epochs] for result in (full, half)]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1][-1] < losses[1][0]


@pytest.mark.parametrize("components", FEASIBLE, ids=lambda c: "+".join(n for n, on in c.items() if on) or "none")
@pytest.mark.parametrize("preset", ["paper", "official"])
def test_products_are_bfloat16_and_losses_parameters_and_gradients_are_float32(
    components: dict[str, bool], preset: str
) -> None:
    settings = split_settings("dmd", {"preset": preset, **TINY, **components}).settings
    model, batch = model_in("bf16", **settings), make_batch(DIMS, 7)
    seen: set[torch.dtype] = set()
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            module.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    outputs = model(batch, SeededDropout(0, 0))
    assert torch.bfloat16 in seen
    assert not torch.is_autocast_enabled("cpu")
    assert outputs.loss is not None
    torch.autograd.backward(outputs.loss)
    dtypes = {value.dtype for value in (outputs.prediction, outputs.loss, *outputs.terms.values())}
    assert dtypes == {torch.float32}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
    exact = model_in("fp32", **settings)(batch, no_dropout).terms
    close = model(batch, no_dropout).terms
    for name, value in exact.items():
        assert close[name].item() == pytest.approx(value.item(), rel=0.1, abs=0.05), name


@pytest.mark.parametrize(
    ("name", "settings"), [("mult", {"gd": True, "gd_unit.prior": "uniform"}), ("unimodal", {"fd": True})]
)
def test_the_other_methods_keep_heads_and_losses_in_float32_too(name: str, settings: dict[str, Setting]) -> None:
    model = build_model(name, {"width": 8, "heads": 2, "levels": 1, **settings}, DIMS, 0)
    exact = model(make_batch(DIMS, 7), no_dropout)
    model.precision = "bf16"
    outputs = model(make_batch(DIMS, 7), no_dropout)
    assert outputs.loss is not None
    assert {x.dtype for x in (outputs.prediction, outputs.loss, *outputs.terms.values())} == {torch.float32}
    assert not torch.equal(outputs.prediction, exact.prediction)
    torch.testing.assert_close(outputs.prediction, exact.prediction, rtol=0.1, atol=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_in_bf16_on_float32_losses(method: str) -> None:
    def of(precision: str) -> JobResult:
        settings: dict[str, Setting] = {"precision": precision, "max_epochs": 3, "learning_rate": 1e-3}
        small = {name: TINY[name] for name in ("width", "heads", "levels") if name in KNOWN[method]}
        job = Job(method, {**small, **settings}, 1, FoldRef("group", k=3, fold=0), scores_test=True)
        return run_job(job, DATASET, lambda report: True)

    full, half = of("fp32"), of("bf16")
    assert full.test is not None
    assert half.test is not None
    assert half.test["mae"] == pytest.approx(full.test["mae"], rel=0.05)
    model = build_model(method, {}, DIMS, 0)
    model.precision = "bf16"
    outputs = model(make_batch(DIMS, 7), no_dropout)
    assert outputs.loss is not None
    assert {value.dtype for value in (outputs.prediction, outputs.loss, *outputs.terms.values())} == {torch.float32}


def test_a_loss_under_autocast_is_the_float32_loss_in_value_and_gradient() -> None:
    def value_and_gradient(is_autocast: bool) -> tuple[float, torch.Tensor]:
        leaf = VECTORS.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_autocast):
            loss = margin_of(leaf)
        return loss.item(), torch.autograd.grad(loss, leaf)[0]

    def margin_of(vectors: torch.Tensor) -> torch.Tensor:
        return margin_loss(
            vectors,
            LABELS,
            torch.tensor([0, 0, 1, 1, 2, 2]),
            torch.tensor(0.15),
            kind="label_gap",
            triplets="any",
            label_class="exact",
            reduction="anchors",
        )

    exact, under_autocast = value_and_gradient(False), value_and_gradient(True)
    assert under_autocast[0] == exact[0]
    assert torch.equal(under_autocast[1], exact[1])


def test_in_float32_raises_bfloat16_and_leaves_the_rest() -> None:
    @in_float32
    def dtypes(first: torch.Tensor, second: torch.Tensor, *, third: torch.Tensor) -> list[torch.dtype]:
        return [first.dtype, second.dtype, third.dtype, (first @ second.to(first.dtype)).dtype]

    given = torch.ones(2, 2, dtype=torch.bfloat16), torch.ones(2, 2, dtype=torch.float64)
    counts = torch.ones(2, dtype=torch.int64)
    with torch.autocast("cpu", torch.bfloat16):
        assert dtypes(*given, third=counts) == [torch.float32, torch.float64, torch.int64, torch.float32]
    assert dtypes(*given, third=counts)[0] == torch.bfloat16, "without autocast it is the function itself"


@contextmanager
def leaked(precision: str) -> Iterator[None]:
    """The process-wide setting as some other code may have left it."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize(("precision", "expected"), [("fp32", "highest"), ("tf32", "high"), ("bf16", "highest")])
@pytest.mark.parametrize("before", ["highest", "medium"])
def test_matrix_precision_is_the_trials_own_and_ends_with_it(precision: str, expected: str, before: str) -> None:
    seen = set()

    def on_epoch(report: EpochReport) -> bool:
        seen.add((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
        return True

    with leaked(before):
        run(precision, on_epoch, max_epochs=1)
        assert seen == {(expected, precision == "tf32")}
        assert torch.get_float32_matmul_precision() == before


def test_matrix_precision_ends_with_a_trial_that_fails() -> None:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32

    def on_epoch(report: EpochReport) -> bool:
        raise TrainingDiverged(report.epoch, "the test")

    with pytest.raises(TrainingDiverged):
        run("tf32", on_epoch)
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


def test_a_thread_of_a_trial_leaves_no_precision_to_the_next() -> None:
    """Ray's workers train each trial in a thread of one process."""
    seen = []

    def train_one(precision: str) -> None:
        with float32_products(precision):  # type: ignore[arg-type]
            seen.append(torch.get_float32_matmul_precision())

    for precision in ("tf32", "fp32"):
        thread = threading.Thread(target=train_one, args=(precision,))
        thread.start()
        thread.join()
    assert seen == ["high", "highest"]
