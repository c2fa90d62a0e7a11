"""Ridge for classes, questions and several numbers, held against scikit-learn at the same penalties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as ReferenceRidge
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.target import Target
from dmd.dropout import no_dropout
from dmd.losses.task import Task, balanced_weights
from dmd.models.logistic_regression import LogisticProblem, fit_logistic
from dmd.models.model import Model
from dmd.models.ridge import NUM_PENALTIES, pooled_features
from dmd.registry import build_model
from tests.dmd.builders import TARGETS, make_batch, make_dims

SIZE = 60
PATH = np.logspace(1, -3, NUM_PENALTIES)
"""Of the models here."""


def build(target: Target) -> Model:
    return build_model("ridge", {"strongest": 10.0, "weakest": 0.001}, make_dims(target=target), 0)


def batches(target: Target) -> tuple[Batch, Batch]:
    return make_batch(make_dims(target=target), SIZE, 1), make_batch(make_dims(target=target), 10, 2)


def standardised(train: Batch, other: Batch) -> tuple[np.ndarray, np.ndarray]:
    x = pooled_features(train).double()
    mean, scale = x.mean(0), x.std(0, correction=0)
    return ((x - mean) / scale).numpy(), ((pooled_features(other).double() - mean) / scale).numpy()


def reference(penalty: float, weights: str | None = None) -> LogisticRegression:
    """Its C is that of a sum over items."""
    return LogisticRegression(C=1 / (SIZE * penalty), tol=1e-10, max_iter=10_000, class_weight=weights)


def predict(model: Model, batch: Batch) -> Tensor:
    return model(replace(batch, labels=None), no_dropout).prediction


@pytest.mark.parametrize("epoch", [1, 5, NUM_PENALTIES])
@pytest.mark.parametrize("weights", [None, "balanced"])
def test_classes_are_scikit_learns_multinomial_regression(epoch: int, weights: str | None) -> None:
    target = TARGETS["classes"]
    train, other = batches(target)
    assert train.labels is not None
    labels = train.labels.numpy()
    if weights:
        train = replace(train, task=Task(target, balanced_weights(target, train.labels)))
    model = build(target)
    for number in range(1, epoch + 1):
        model.prepare_epoch(number, train)
    x, x_other = standardised(train, other)
    fitted = reference(PATH[epoch - 1], weights).fit(x, labels)
    np.testing.assert_allclose(predict(model, other).softmax(1), fitted.predict_proba(x_other), atol=2e-6)


@pytest.mark.parametrize("weights", [None, "balanced"])
def test_every_question_has_a_regression_of_its_own(weights: str | None) -> None:
    target = TARGETS["binaries"]
    train, other = batches(target)
    assert train.labels is not None
    labels = train.labels.numpy()
    if weights:
        train = replace(train, task=Task(target, balanced_weights(target, train.labels)))
    model = build(target)
    model.prepare_epoch(7, train)
    x, x_other = standardised(train, other)
    for question in range(target.num_outputs):
        fitted = reference(PATH[6], weights).fit(x, labels[:, question])
        found = predict(model, other).sigmoid()[:, question]
        np.testing.assert_allclose(found, fitted.predict_proba(x_other)[:, 1], atol=2e-6)


def test_several_numbers_are_each_scikit_learns_ridge() -> None:
    target = TARGETS["several"]
    train, other = batches(target)
    assert train.labels is not None
    model = build(target)
    model.prepare_epoch(4, train)
    x, x_other = standardised(train, other)
    for number in range(target.num_outputs):
        fitted = ReferenceRidge(alpha=PATH[3] * SIZE).fit(x, train.labels[:, number].double().numpy())
        np.testing.assert_allclose(predict(model, other)[:, number], fitted.predict(x_other), atol=1e-5)


def test_where_a_fit_begins_does_not_matter() -> None:
    """A trial that is continued begins where its checkpoint was, and a first epoch at nothing."""
    target = TARGETS["classes"]
    train, other = batches(target)
    straight, along = build(target), build(target)
    straight.prepare_epoch(9, train)
    for epoch in (1, 3, 13, 9):
        along.prepare_epoch(epoch, train)
    torch.testing.assert_close(predict(straight, other), predict(along, other), atol=1e-5, rtol=0)


def test_one_feature_and_two_classes_by_hand() -> None:
    """Features -1 and 1, each of its class: p - 1/2 = penalty w at the optimum, with w = w_2 = -w_1 by symmetry.

    The gradient of w_2 is -(1 - sigmoid(2 w)) + penalty w, which vanishes for penalty = (1 - sigmoid(2)) at w = 1.
    """
    penalty = 1 - 1 / (1 + np.exp(-2.0))
    x, answers = torch.tensor([[-1.0], [1.0]]).double(), torch.eye(2).double()
    problem = LogisticProblem(x, answers, torch.ones(2, 1).double(), float(penalty), is_multinomial=True)
    found = fit_logistic(problem, torch.zeros(2, 2).double())
    np.testing.assert_allclose(found, [[-1, 1], [0, 0]], atol=1e-7)


def test_classes_that_a_line_parts_are_fitted_to_convergence() -> None:
    """Hardly penalised, weights grow far; the gradient must vanish all the same, with more features than items."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(30, 50, generator=generator).double()
    labels = torch.randint(0, 3, (30,), generator=generator)
    answers = torch.nn.functional.one_hot(labels, 3).double()
    problem = LogisticProblem(x - x.mean(0), answers, torch.ones(30, 1).double(), 1e-6, is_multinomial=True)
    found = fit_logistic(problem, torch.zeros(51, 3).double())
    p = problem.probabilities(found)
    assert bool((p.argmax(1) == labels).all())
    assert problem.gradient(found, p).abs().max() < 1e-8


def test_a_class_that_never_occurs_is_never_said() -> None:
    target = TARGETS["classes"]
    train, other = batches(target)
    assert train.labels is not None
    train = replace(train, labels=train.labels.clamp(max=1))
    model = build(target)
    for epoch in range(1, NUM_PENALTIES + 1):
        model.prepare_epoch(epoch, train)
    p = predict(model, other).softmax(1)
    assert bool(p.isfinite().all())
    assert p[:, 2].max() < 1e-3
