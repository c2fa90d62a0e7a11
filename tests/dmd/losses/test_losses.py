import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from dmd.data.samples.target import TargetKind
from dmd.losses.decoupling import (
    OrthogonalityAxis,
    OrthogonalityForm,
    ReconstructionReduction,
    orthogonality,
    squared_distance,
)
from dmd.losses.margin import MarginKind, margin_loss

LABELS = torch.tensor([1, 1, -2, 0.4, 0.4, -2])
VECTORS = torch.tensor([[1, 0], [0.8, 0.6], [-1, 0.5], [0, 1], [0.6, 0.8], [-0.5, -1]])
REAL = torch.tensor([[True, True, False]])


def test_margin_loss_matches_the_published_codes_golden_value() -> None:
    loss = margin_loss(
        VECTORS,
        LABELS,
        torch.zeros(6, dtype=torch.int64),
        torch.tensor(0.15),
        kind="label_gap",
        triplets="any",
        label_class="exact",
        reduction="anchors",
    )
    assert loss.item() == pytest.approx(0.0625464, abs=1e-6)


def test_margin_loss_of_the_paper_by_hand() -> None:
    # two samples of classes 1 and -1 in two modalities (rows: L1, L2, A1, A2); cosines by eye
    vectors = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    labels = torch.tensor([1.0, -1, 1, -1])
    modality = torch.tensor([0, 0, 1, 1])
    # anchor L1: positive A1 (cos 0), negative L2 (cos 0) -> 0.1; the other three anchors likewise
    loss = margin_loss(
        vectors,
        labels,
        modality,
        torch.tensor(0.1),
        kind="constant",
        triplets="cross_modal",
        label_class="round7",
        reduction="triples",
    )
    assert loss.item() == pytest.approx(0.1, abs=1e-6)
    aligned = vectors[[0, 1, 0, 1]]  # both modalities agree: positive cos 1, negative cos 0
    loss = margin_loss(
        aligned,
        labels,
        modality,
        torch.tensor(1.25),
        kind="constant",
        triplets="cross_modal",
        label_class="round7",
        reduction="triples",
    )
    assert loss.item() == pytest.approx(0.25, abs=1e-6)


def margin_of(labels: Tensor, target: TargetKind, kind: MarginKind = "constant") -> float:
    """Two samples in two modalities (rows L1, L2, A1, A2) whose vectors agree across samples, not modalities."""
    vectors = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]], dtype=torch.float64)
    return margin_loss(
        vectors,
        torch.cat([labels, labels]).double(),
        torch.tensor([0, 0, 1, 1]),
        torch.tensor(0.1, dtype=torch.float64),
        kind=kind,
        triplets="cross_modal",
        label_class="round7",
        reduction="triples",
        target=target,
    ).item()


@pytest.mark.parametrize("kind", ["constant", "label_gap"])
def test_margin_of_classes_by_hand(kind: MarginKind) -> None:
    """Anchor L1: positive A1 (cosine 0), negative L2 (cosine 0): the margin itself, however far the numbers are."""
    assert margin_of(torch.tensor([0.0, 5.0]), "classes", kind) == pytest.approx(0.1, abs=1e-7)
    assert margin_of(torch.tensor([0.0, 1.0]), "classes", kind) == pytest.approx(0.1, abs=1e-7)
    # as numbers 3 and 5 are one class of -3..3, as classes they are two
    assert margin_of(torch.tensor([3.0, 5.0]), "classes", kind) == pytest.approx(0.1, abs=1e-7)
    assert margin_of(torch.tensor([3.0, 5.0]), "regression", kind) == 0
    assert margin_of(torch.tensor([2.0, 2.0]), "classes", kind) == 0


def test_margin_of_answers_by_hand() -> None:
    """A class is one set of answers; the gap is the share of questions that are answered differently."""
    one_of_four = torch.tensor([[1.0, 0, 0, 1], [1, 0, 1, 1]])
    assert margin_of(one_of_four, "binaries") == pytest.approx(0.1, abs=1e-7)
    assert margin_of(one_of_four, "binaries", "label_gap") == pytest.approx(0.1 / 4, abs=1e-7)
    assert margin_of(torch.tensor([[1.0, 0], [1, 0]]), "binaries") == 0


def test_margin_of_several_numbers_is_that_of_the_first() -> None:
    labels = torch.tensor([[1.0, 3, 3], [-2, 3, 3]])
    assert margin_of(labels, "several") == pytest.approx(0.1, abs=1e-7)
    assert margin_of(labels, "several", "label_gap") == pytest.approx(0.3, abs=1e-7)
    assert margin_of(torch.tensor([[1.0, -3], [1, 3]]), "several") == 0


@pytest.mark.parametrize("reduction", ["triples", "anchors"])
def test_margin_loss_without_triplets_is_zero_and_has_a_gradient(reduction: str) -> None:
    vectors = VECTORS.clone().requires_grad_()
    loss = margin_loss(
        vectors,
        torch.ones(6),
        torch.tensor([0, 0, 1, 1, 2, 2]),
        torch.tensor(0.1),
        kind="constant",
        triplets="cross_modal",
        label_class="round7",
        reduction=reduction,  # type: ignore[arg-type]
    )
    loss.backward()
    assert loss.item() == 0
    assert vectors.grad is not None
    assert torch.equal(vectors.grad, torch.zeros_like(vectors))


def test_squared_distance_counts_real_elements_only() -> None:
    first = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]])
    second = torch.zeros_like(first)
    assert squared_distance(first, second, REAL, "mean").item() == pytest.approx((1 + 4 + 9 + 16) / 4)
    assert squared_distance(first, second, REAL, "sum").item() == pytest.approx(30)


def test_orthogonality_forms_by_hand() -> None:
    common = torch.tensor([[[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]])
    exclusive = torch.tensor([[[-2.0, 0.0], [1.0, 0.0], [5.0, 0.0]]])
    # cosines of the two real steps: -1 and 1/sqrt(2)
    half = 1 / math.sqrt(2)
    expected = {"signed": (-1 + half) / 2, "relu": half / 2, "squared": (1 + 0.5) / 2}
    for form, value in expected.items():
        result = orthogonality(common, exclusive, REAL, form, "feature")  # type: ignore[arg-type]
        assert result.item() == pytest.approx(value, abs=1e-6), form
    # along the batch axis: two samples of one step; per channel (1, 2) against (3, -1) and (1, 0) against (2, 2)
    first = torch.tensor([[[1.0, 1.0]], [[2.0, 0.0]]])
    second = torch.tensor([[[3.0, 2.0]], [[-1.0, 2.0]]])
    along = orthogonality(first, second, torch.ones(2, 1, dtype=torch.bool), "signed", "batch")
    assert along.item() == pytest.approx((1 / math.sqrt(50) + 2 / math.sqrt(8)) / 2, abs=1e-6)
    # flattened over the two real steps: (-2 + 1) / (sqrt(3) * sqrt(5))
    flat = orthogonality(common, exclusive, REAL, "signed", "flatten")
    assert flat.item() == pytest.approx(-1 / math.sqrt(15), abs=1e-6)


def test_modalities_side_by_side_are_modalities_one_by_one() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 4, 3, 5, 6, generator=generator)
    real = torch.arange(5) < torch.randint(1, 6, (4, 3, 1), generator=generator)

    def compare(term: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        together = term(first, second, real)
        apart = [term(first[:, m], second[:, m], real[:, m]) for m in range(3)]
        torch.testing.assert_close(together, torch.stack(apart))

    for reduction in get_args(ReconstructionReduction):
        compare(lambda a, b, mask, kind=reduction: squared_distance(a, b, mask, kind))  # type: ignore[misc]
    for form in get_args(OrthogonalityForm):
        for axis in get_args(OrthogonalityAxis):
            compare(lambda a, b, mask, f=form, x=axis: orthogonality(a, b, mask, f, x))  # type: ignore[misc]
