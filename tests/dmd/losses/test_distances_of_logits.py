"""How far the logits of two modalities are apart, by hand, for each kind of target (float64)."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dmd.data.samples.target import TargetKind
from dmd.losses.distillation import divergence_of_classes, logit_distillation

LN2 = math.log(2)


def double(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def distil(student: object, teacher: object, kind: TargetKind) -> float:
    """Of two samples along one edge of weight 1 in the first and 3 in the second."""
    weights = double([[1.0], [3.0]])
    return logit_distillation(double(student), double(teacher), weights, kind=kind).item()


def test_classes_are_compared_as_softened_distributions() -> None:
    """First: (1/2, 1/2) is taught (1/3, 2/3); second: (1/2, 1/2) is taught (1/5, 4/5); both at T = 8."""
    student = [[[0.0, 0.0]], [[5.0, 5.0]]]
    teacher = [[[0.0, 8 * LN2]], [[8 * LN2, 24 * LN2]]]
    first = 64 * (math.log(2 / 3) / 3 + 2 * math.log(4 / 3) / 3)
    second = 64 * (math.log(2 / 5) / 5 + 4 * math.log(8 / 5) / 5)
    assert first == pytest.approx(3.624512, abs=1e-6)
    assert distil(student, teacher, "classes") == pytest.approx((first + 3 * second) / 2, rel=1e-9)


def test_three_classes_and_the_direction_of_the_divergence() -> None:
    """KL((1/2, 1/4, 1/4) || uniform) is ln 3 - 1.5 ln 2, and the other way round (5/3) ln 2 - ln 3."""
    sharp, flat = double([8 * LN2, 0.0, 0.0]), double([0.0, 0.0, 0.0])
    assert divergence_of_classes(flat, sharp).item() == pytest.approx(64 * (math.log(3) - 1.5 * LN2), rel=1e-9)
    assert divergence_of_classes(sharp, flat).item() == pytest.approx(64 * (5 / 3 * LN2 - math.log(3)), rel=1e-9)


def test_soft_divergence_is_half_the_mean_squared_difference_of_logits() -> None:
    """Hinton et al. 2015, section 2.1: of centred logits, where T is large beside them."""
    student, teacher = double([0.02, -0.05, 0.03]), double([-0.01, 0.04, -0.03])
    expected = (student - teacher).square().sum().item() / 6
    assert divergence_of_classes(student, teacher).item() == pytest.approx(expected, rel=1e-2)


def test_answers_are_two_classes_each_and_averaged_over_questions() -> None:
    student, teacher = [[[0.0, 3.0]], [[0.0, 0.0]]], [[[8 * LN2, 3.0]], [[0.0, 24 * LN2]]]
    first = 64 * (2 * math.log(4 / 3) / 3 + math.log(2 / 3) / 3) / 2
    second = 64 * (8 * math.log(16 / 9) / 9 + math.log(2 / 9) / 9) / 2
    assert distil(student, teacher, "binaries") == pytest.approx((first + 3 * second) / 2, rel=1e-9)


def test_several_numbers_differ_by_their_mean_difference() -> None:
    student, teacher = [[[1.0, -2.0]], [[0.0, 0.5]]], [[[0.0, 1.0]], [[-1.0, 0.5]]]
    assert distil(student, teacher, "several") == pytest.approx((2.0 + 3 * 0.5) / 2, rel=1e-12)
    assert distil([[1.0], [0.0]], [[0.0], [-1.0]], "regression") == pytest.approx((1.0 + 3.0) / 2, rel=1e-12)


def test_the_students_gradient_is_t_times_the_difference_of_distributions() -> None:
    student, teacher = double([0.3, -0.2, 1.0]).requires_grad_(), double([2.0, 0.0, -1.0])
    divergence_of_classes(student, teacher).backward()
    assert student.grad is not None
    torch.testing.assert_close(student.grad, 8 * ((student / 8).softmax(-1) - (teacher / 8).softmax(-1)).detach())
