"""Every method that is trained, for classes, yes-or-no answers and several numbers: a registered one is tested here
without a line more, at the sizes of ``test_every_method``."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.target import Target
from dmd.dropout import no_dropout
from dmd.models.model import Model
from dmd.registry import METHODS, build_model
from dmd.settings import fields_of
from dmd.training.config import TrainingConfig
from dmd.training.module_proofs import prove_module
from dmd.training.sharing_proof import shares_batches
from tests.dmd.baselines.test_every_method import PLAIN, SMALL, TRAINED, padded, run
from tests.dmd.builders import TARGETS, make_batch, make_dims

KINDS = list(TARGETS)
MOST_STEPS = 120
MOST_LEFT = {"classes": 0.0, "binaries": 0.5, "several": 0.7}
"""Of the error at first."""


def build(name: str, target: Target) -> Model:
    """Of small sizes, without dropout."""
    rates = {part.name: 0.0 for part in fields_of(METHODS[name].settings) if "dropout" in part.name}
    return build_model(name, {**rates, **SMALL.get(name, {})}, make_dims(target=target), 0)


def error(outputs: Tensor, batch: Batch) -> float:
    """The share of classes or answers that are wrong; of numbers the mean error."""
    assert batch.labels is not None
    kind = batch.task.target.kind
    if kind == "several":
        return float((outputs - batch.labels).abs().mean())
    said = outputs.argmax(-1) if kind == "classes" else (outputs > 0)
    return float((said != batch.labels).float().mean())


def learn(model: Model, batch: Batch, until: float) -> list[float]:
    """The errors along Adam's steps, until one is at most ``until`` of the first."""
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    errors: list[float] = []
    while len(errors) < MOST_STEPS and not (errors and errors[-1] <= until * errors[0]):
        optimiser.zero_grad()
        outputs = model(batch, no_dropout)
        assert outputs.loss is not None
        errors.append(error(outputs.prediction.detach(), batch))
        outputs.loss.backward()
        optimiser.step()
    return errors


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TRAINED)
def test_it_learns_thirty_two_samples_and_reads_each_by_itself(name: str, kind: str) -> None:
    """Every class right; then neither order, neighbours nor padding change what it gives."""
    torch.manual_seed(0)
    target = TARGETS[kind]
    model, batch = build(name, target), make_batch(make_dims(target=target), 32, seed=2)
    errors = learn(model, batch, MOST_LEFT[kind])
    assert errors[-1] <= MOST_LEFT[kind] * errors[0], errors[-1]

    batch = make_batch(make_dims(target=target), 8, seed=3)
    expected = run(model, batch)
    assert expected.shape == (8, target.num_outputs)
    order = torch.tensor([5, 2, 7, 0, 3, 1, 6, 4])
    scale = float(expected.abs().max())
    for found, wanted in (
        (run(model, batch.take(order)), expected[order]),
        (run(model, batch.take(torch.tensor([4]))), expected[4:5]),
        *([(run(model, padded(batch, 10)), expected)] if name in PLAIN else []),
    ):
        torch.testing.assert_close(found, wanted, atol=1e-5 * scale, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TRAINED)
def test_the_shares_of_several_workers_add_up_to_its_losses(name: str, kind: str) -> None:
    target = TARGETS[kind]
    assert shares_batches(build(name, target).eval(), make_batch(make_dims(target=target), 6, seed=10))


@pytest.mark.parametrize("name", PLAIN)
def test_it_proves_what_a_plugin_has_to_for_classes(name: str) -> None:
    target = TARGETS["classes"]
    parts = [make_batch(make_dims(target=target), size, seed) for size, seed in ((13, 1), (9, 2))]
    train_part = replace(parts[0], rows=torch.arange(13))
    prove_module(lambda: build(name, target), METHODS[name].components, train_part, parts[1], TrainingConfig(), 1)


@pytest.mark.parametrize("name", TRAINED)
def test_one_yes_or_no_question_is_a_column(name: str) -> None:
    target = Target("binaries", ("sarcastic",))
    batch = make_batch(make_dims(target=target), 5)
    outputs = build(name, target)(batch, no_dropout)
    assert outputs.prediction.shape == (5, 1)
    assert outputs.loss is not None
    outputs.loss.backward()
