"""No step waits for its device: asserted without one by looking at the operators, with one by CUDA's own check."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from dmd.data.dataset.batches import Batch, shuffled_batches
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.declaration.dims import Dims
from dmd.dropout import SeededDropout
from dmd.job import Setting
from dmd.losses.task import Task
from dmd.metrics.sentiment import metric_names
from dmd.models.model import Model
from dmd.registry import METHODS, build_model
from dmd.scoring import Scoring
from dmd.training.config import Clip, TrainingConfig
from dmd.training.loop import train
from dmd.training.optimiser import clip_gradients
from dmd.training.run import split_settings
from tests.dmd.builders import FEASIBLE, TARGETS, TINY, make_batch, make_dims
from tests.dmd.host_sync import HostWaits, NoHostWaits, Operators

DIMS = make_dims()
SMALL: dict[str, Setting] = {"width": 8, "heads": 2, "levels": 1}
CASES: list[tuple[str, dict[str, Setting]]] = [
    *(
        ("dmd", {"preset": preset, **TINY, **components})
        for preset in METHODS["dmd"].presets
        for components in FEASIBLE
    ),
    ("dmd", {**TINY, "precision": "bf16"}),
    ("dmd", {**TINY, "pool": "mean_valid", "margin.project": False, "ort.axis": "flatten", "recon.reduction": "sum"}),
    ("dmd", {**TINY, "gd.softmax": "per_target", "gd.prior": "uniform", "gd.representation_hetero": "l1"}),
    *((name, {}) for name in METHODS if name != "dmd"),
]


def on(batch: Batch, device: str) -> Batch:
    return replace(
        batch,
        features={m: x.to(device) for m, x in batch.features.items()},
        lengths={m: n.to(device) for m, n in batch.lengths.items()},
        labels=None if batch.labels is None else batch.labels.to(device),
    )


def step_of(name: str, settings: dict[str, Setting], device: str, dims: Dims = DIMS) -> tuple[Model, Batch]:
    split = split_settings(name, settings)
    model = build_model(name, split.settings, dims, 0).to(device)
    model.precision = split.training.precision
    return model, on(make_batch(dims, 7), device)


def do_step(model: Model, batch: Batch, number: int = 0) -> None:
    """Forward with dropout, backward, clipping: everything of a step but the (fused) optimiser."""
    outputs = model(batch, SeededDropout(0, number))
    assert outputs.loss is not None
    if outputs.loss.requires_grad:
        torch.autograd.backward(outputs.loss)
        clip_gradients(list(model.parameters()), Clip("value"))
        clip_gradients(list(model.parameters()), Clip("norm"))


@pytest.mark.parametrize(
    ("device", "name", "settings"),
    # A step in float32 takes other ways on a CPU, where there is nothing to wait for: `meta` takes the accelerator's.
    # Autocast does not know `meta`, but under it a CPU takes the accelerator's way too.
    [("cpu" if "precision" in settings else "meta", name, settings) for name, settings in CASES],
    ids=lambda case: str(case)[:60],
)
def test_no_operator_of_a_step_waits_for_its_device(device: str, name: str, settings: dict[str, Setting]) -> None:
    """On ``meta`` nothing has a value that could be waited for, and the host's memory stands out as another device."""
    model, batch = step_of(name, settings, device)
    do_step(model, batch)  # what every step needs is copied to the device in the first one
    with NoHostWaits(device) as watch:
        do_step(model, batch, 1)
    assert watch.operators.num_seen > 0


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", ["dmd", "mult", "misa", "mlf_dnn"])
def test_no_operator_waits_whatever_is_predicted(name: str, kind: str) -> None:
    settings: dict[str, Setting] = {"dmd": {"preset": "tuned", **TINY}, "mult": {**SMALL, "gd": True}}.get(name, {})
    dims = make_dims(target=TARGETS[kind])
    model, batch = step_of(name, settings, "meta", dims)
    if not dims.target.is_numeric:
        shape = (dims.num_outputs,) if kind == "classes" else (dims.num_outputs, 2)
        batch = replace(batch, task=Task(dims.target, torch.ones(shape, device="meta")))
    do_step(model, batch)
    with NoHostWaits("meta") as watch:
        do_step(model, batch, 1)
    assert watch.operators.num_seen > 0


def test_waiting_is_found() -> None:
    x = torch.ones(3, device="cpu")
    for wait in (
        lambda: x.sum().item(),
        lambda: float(x[0]),
        lambda: bool(x[0] > 0),
        lambda: x[x > 0],
        lambda: torch.where(x > 0),
        lambda: torch.equal(x, x),
        lambda: x.masked_select(x > 0),
    ):
        with pytest.raises(HostWaits), NoHostWaits("cpu"):
            wait()
    there = torch.ones(3, 2, device="meta")
    for wait in (
        lambda: there[[0, 1]],
        lambda: there[:, (0, 1)],
        lambda: torch.ones(3).to("meta"),
        lambda: torch.tensor([1, 2], device="meta"),
    ):
        with pytest.raises(HostWaits), NoHostWaits("meta"):
            wait()
    with NoHostWaits("meta"):
        there[:, 0] * 2.0 + there[torch.arange(2, device="meta")].sum()
        torch.randint(9, ()).item()  # the host's own number


class Counting(Operators):
    """Counts what reads a value instead of refusing it."""

    num_reads = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().__torch_dispatch__(func, types, args, kwargs)
        except HostWaits:
            self.num_reads += 1
            return func(*args, **(kwargs or {}))


def test_an_epoch_reads_values_as_often_whatever_the_number_of_its_steps() -> None:
    """Sums of losses stay on the device; they are read once when the epoch is over."""
    part, valid = make_batch(DIMS, 24, 1), make_batch(DIMS, 9, 2)

    def num_reads(batch_size: int) -> int:
        config = replace(TrainingConfig(), batch_size=batch_size, max_epochs=1)
        model = build_model("dmd", TINY, DIMS, 0)
        model.precision = "bf16"  # the accelerator's way through the model, see above
        with Counting("cpu") as mode:
            train(model, part, valid, config, Scoring(Target(), metric_names(LabelScale())), 0, lambda report: True)
        return mode.num_reads

    assert num_reads(3) == num_reads(8)


def test_shuffled_batches_are_gathered_where_the_data_are() -> None:
    part = on(make_batch(DIMS, 11), "meta")
    batches = shuffled_batches(part, 4, 0, 1)
    first = next(batches)  # the order of the epoch goes to the device once, before its first batch
    with NoHostWaits("meta"):
        rest = list(batches)
    assert len(rest) == math.ceil(11 / 4) - 1
    assert first.device.type == "meta"


if torch.cuda.is_available():
    # Collected only where there is a device: CUDA itself refuses every operation that waits.
    @pytest.mark.parametrize(("name", "settings"), CASES, ids=lambda case: str(case)[:60])
    def test_no_step_waits_for_cuda(name: str, settings: dict[str, Setting]) -> None:
        model, batch = step_of(name, settings, "cuda")
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimiser = torch.optim.Adam(parameters, fused=True) if parameters else None
        do_step(model, batch)  # the first step makes handles and workspaces
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            for number in range(1, 3):
                do_step(model, batch, number)
                if optimiser is not None:
                    optimiser.step()
                    optimiser.zero_grad(set_to_none=True)
        finally:
            torch.cuda.set_sync_debug_mode("default")
