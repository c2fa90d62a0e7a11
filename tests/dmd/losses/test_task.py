"""The error that is trained by, for each kind of target."""

from __future__ import annotations

import math

import pytest
import torch

from dmd.data.samples.target import Target
from dmd.losses.task import Task, balanced_weights

CLASSES = Target("classes", ("angry", "happy", "sad"))
QUESTIONS = Target("binaries", ("happy", "sad"))
SEVERAL = Target("several", ("all", "language", "audio"))


def test_one_number_is_trained_by_its_absolute_error() -> None:
    prediction, labels = torch.randn(50), torch.randn(50)
    assert torch.equal(Task().errors(prediction, labels), (prediction - labels).abs())


def test_classes_are_trained_by_cross_entropy() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [math.log(2), 0.0, 0.0]])
    errors = Task(CLASSES).errors(logits, torch.tensor([2.0, 0.0]))
    assert errors.tolist() == pytest.approx([math.log(3), math.log(4 / 2)])
    weighed = Task(CLASSES, weights=torch.tensor([2.0, 1.0, 0.5])).errors(logits, torch.tensor([2.0, 0.0]))
    assert weighed.tolist() == pytest.approx([math.log(3) / 2, 2 * math.log(2)])


def test_questions_are_trained_by_the_mean_of_their_cross_entropies() -> None:
    logits, answers = torch.tensor([[0.0, math.log(3)]]), torch.tensor([[1.0, 0.0]])
    assert Task(QUESTIONS).errors(logits, answers).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    weights = torch.tensor([[1.0, 3.0], [0.5, 1.0]])
    weighed = Task(QUESTIONS, weights=weights).errors(logits, answers).item()
    assert weighed == pytest.approx((3 * math.log(2) + 0.5 * math.log(4)) / 2)


def test_further_numbers_are_weighed() -> None:
    prediction, labels = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    assert Task(SEVERAL).errors(prediction, labels).item() == 1 + (2 + 4) / 2
    assert Task(SEVERAL, auxiliary_weight=0.5).errors(prediction, labels).item() == 1 + 0.5 * (2 + 4) / 2


def test_balanced_weights_let_every_class_weigh_the_same() -> None:
    labels = torch.tensor([0.0, 0.0, 0.0, 2.0])
    assert balanced_weights(CLASSES, labels).tolist() == pytest.approx([4 / (2 * 3), 0, 4 / (2 * 1)])
    answers = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert balanced_weights(QUESTIONS, answers).tolist() == [pytest.approx([4 / 6, 2]), pytest.approx([1, 0])]
