"""A trial on several workers is the same trial: the gradients, the decisions and the evaluation of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from dmd.dropout import SeededDropout
from dmd.errors import TrainingDiverged, WorkersDisagree
from dmd.job import Setting, WorkerRank
from dmd.registry import build_model
from dmd.training.distributed.rendezvous import join_group
from dmd.training.distributed.shard import Copies, split_rows
from dmd.training.distributed.team import SOLO, take_rows
from dmd.training.evaluate import predict
from dmd.training.label_units import LabelUnit
from tests.dmd.builders import TINY, make_batch
from tests.dmd.training.distributed.parallel_training import DIMS, Case, fit, processes

Together = Callable[..., list[Any]]

EVERY_DISTANCE: dict[str, Setting] = {
    "gd.prior": "uniform",
    "gd.representation_homo": "l1",
    "gd.representation_hetero": "one_minus_cosine",
    "gd.softmax": "per_target",
    "ort.axis": "flatten",
    "ort.form": "squared",
    "recon.reduction": "sum",
    "margin.project": False,
    "margin.triplets": "any",
    "clip.kind": "norm",
    "clip.limit": 0.1,
}
BATCH_AXIS: dict[str, Setting] = {
    "ort.axis": "batch",
    "gd.prior": "official",
    "gd.representation_homo": "min_cosine",
    "gd.representation_hetero": "min_cosine",
    "margin.reduction": "anchors",
    "accumulation.steps": 2,
    "accumulation.average": True,
}
# No weight decay: the key biases have no gradient (softmax does not see them), and Adam would blow the rounding of one
# worker's weight decay on them up as readily as that of two.
# Mini-batches of 4: 18 rows end with one of 2, 19 with an uneven one of 3, 17 with one of 1: fewer than workers.
CASES = {
    "paper": Case({"preset": "paper"}),
    "paper-unpadded": Case({"preset": "paper"}, full=True, num_train=17),
    "official": Case({"preset": "official", "gd.size_homo": 4, "accumulation.steps": 2}, num_train=17),
    "official-unpadded": Case(
        {"preset": "official", "accumulation.steps": 3, "accumulation.flush_last": True}, full=True
    ),
    "every-distance": Case(EVERY_DISTANCE, num_train=19),
    "batch-axis": Case(BATCH_AXIS, num_train=19),
    "mult-with-gd": Case({"gd": True, "gd_unit.prior": "official", "gd_unit.representation": "min_cosine"}, "mult"),
    "one-modality-with-fd": Case({"fd": True, "ort.axis": "batch"}, "unimodal"),
}


@pytest.fixture(scope="module")
def together() -> Iterator[Together]:
    with processes(2) as run:
        yield run


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=tolerance, rtol=0, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.parametrize("name", CASES)
def test_two_workers_follow_one_worker(together: Together, name: str) -> None:
    alone = fit(WorkerRank(), CASES[name])
    first, second = together(2, fit, CASES[name])
    assert_close(first.weights, alone.weights, 1e-8)
    assert_close(second.weights, first.weights, 0)
    for terms, expected in zip(first.metrics, alone.metrics, strict=True):
        assert terms == pytest.approx(expected, abs=1e-6)
        assert len(terms) > 5
    assert second.metrics == first.metrics
    assert second.asked == []


def test_three_workers_follow_one_worker_for_epochs(together: Together) -> None:
    case = replace(CASES["paper"], settings={"max_epochs": 3, "plateau.patience": 0, "learning_rate": 0.03})
    alone = fit(WorkerRank(), case)
    for worker in together(3, fit, case):
        assert_close(worker.weights, alone.weights, 1e-8)
        assert worker.best_epoch == alone.best_epoch


def test_the_weights_do_move(together: Together) -> None:
    """What the comparisons above are worth: an epoch moves weights by much more than they tolerate."""
    case = CASES["paper"]
    start = build_model("dmd", {**TINY}, DIMS, case.seed).double().state_dict()
    moved = [float((value - start[name]).abs().max()) for name, value in fit(WorkerRank(), case).weights.items()]
    assert sum(distance > 1e-3 for distance in moved) > 0.9 * len(moved)


def test_a_trial_with_dropout_repeats_bit_for_bit_and_shards_have_masks_of_their_own(together: Together) -> None:
    case = Case({"max_epochs": 2}, dropout=True)
    first, again = (together(2, fit, case)[0] for _ in range(2))
    assert_close(again.weights, first.weights, 0)
    assert again.metrics == first.metrics
    alone = fit(WorkerRank(), case)
    assert any(not torch.allclose(value, alone.weights[name]) for name, value in first.weights.items())
    masks = together(2, mask_of_this_worker)
    assert not torch.equal(*masks)
    assert torch.equal(masks[0], SeededDropout(7, 3)(torch.ones(64), 0.5, "site")), "the first draws what one would"


def mask_of_this_worker(worker: WorkerRank) -> Tensor:
    with join_group(worker, "cpu") as team:
        return SeededDropout(team.dropout_seed(7), 3)(torch.ones(64), 0.5, "site")


@pytest.mark.parametrize("cut", [1, 2])
def test_a_continued_trial_equals_an_uninterrupted_one_bit_for_bit(
    together: Together, tmp_path: Path, cut: int
) -> None:
    case = Case({"max_epochs": 3}, dropout=True)
    whole = together(2, fit, case)[0]
    together(2, fit, replace(case, directory=tmp_path, stop_after=cut))
    first, second = together(2, fit, replace(case, directory=tmp_path))
    for worker in (first, second):
        assert_close(worker.weights, whole.weights, 0)
        assert worker.metrics == whole.metrics
    assert first.asked == [1, 2, 3]
    assert second.asked == []


def test_only_the_first_worker_writes(together: Together, tmp_path: Path) -> None:
    together(2, fit_in_own_directory, Case({}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


def fit_in_own_directory(worker: WorkerRank, case: Case, directory: Path) -> None:
    fit(worker, replace(case, directory=directory / str(worker.rank)))


def test_all_stop_when_the_first_is_told_to(together: Together) -> None:
    for worker in together(2, fit, Case({"max_epochs": 5}, stop_after=2)):
        assert len(worker.metrics) == 2
        assert not worker.is_final


@pytest.mark.parametrize("row", [0, 3, 11])
def test_a_loss_that_diverges_on_one_worker_diverges_on_all(together: Together, row: int) -> None:
    for outcome in together(2, failure_of, Case({}, spoiled_row=row)):
        assert isinstance(outcome, TrainingDiverged)
        assert outcome.epoch == 1


def failure_of(worker: WorkerRank, case: Case) -> Exception | None:
    try:
        fit(worker, case)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_evaluation_neither_doubles_nor_drops_an_item(together: Together, size: int) -> None:
    expected = predict_from(WorkerRank(), size)
    for predictions in together(3, predict_from, size):
        np.testing.assert_allclose(predictions, expected, atol=1e-6)
        assert predictions.shape == (2, size)
    assert not np.allclose(*expected), "what is missing has to show"


def predict_from(worker: WorkerRank, size: int) -> npt.NDArray[np.float32]:
    """(2, size): with everything there, and with the audio of every second item missing."""
    torch.set_num_threads(1)
    model, batch, missing = build_model("dmd", TINY, DIMS, 0), make_batch(DIMS, size, 5), np.arange(size) % 2 == 0
    with join_group(worker, "cpu") as team:
        whole = predict(model, batch, LabelUnit(), team)
        return np.stack([whole, predict(model, batch, LabelUnit(), team, {"audio": missing})])


def test_a_branch_that_some_steps_or_some_workers_leave_out_has_the_gradient_of_one_worker(together: Together) -> None:
    """Rows 1, 2, 3, 4 and three mini-batches that add up; torch's wrapper would not average the second at all."""
    text, audio = [10.0, 20.0, 30.0], [None, 9.0 + 16.0, 2 * (9.0 + 16.0)]
    assert together(2, accumulate_branches, [False, True, True]) == [(text, audio)] * 2
    text, audio = [10.0, 20.0, 30.0], [9.0 + 16.0, 9.0 + 16.0, 2 * (9.0 + 16.0)]
    assert together(2, accumulate_branches, [True, False, True]) == [(text, audio)] * 2


def accumulate_branches(worker: WorkerRank, with_audio: list[bool]) -> tuple[list[float | None], list[float | None]]:
    """Gradients of both branches after every mini-batch; audio reads rows 3 and 4 alone, the second worker's."""
    torch.set_num_threads(1)
    text, audio, unused = (torch.nn.Parameter(torch.ones((), dtype=torch.float64)) for _ in range(3))
    rows = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    seen: tuple[list[float | None], list[float | None]] = [], []
    with join_group(worker, "cpu") as team:
        own = rows[team.share_of(len(rows))[0]]
        for has_audio in with_audio:
            heard = own[own > 2] if has_audio else own[:0]
            loss = (text * own).sum()
            team.backward(loss + (audio * heard**2).sum() if len(heard) else loss, [text, audio, unused])
            for values, branch in zip(seen, (text, audio), strict=True):
                values.append(None if branch.grad is None else branch.grad.item())
            assert unused.grad is None
    return seen


def test_weights_that_drifted_apart_are_nobodys_result(together: Together) -> None:
    mine, theirs = together(2, compare_weights, 1e-7)
    assert mine is None
    assert isinstance(theirs, WorkersDisagree)
    assert together(2, compare_weights, 0.0) == [None, None]


def compare_weights(worker: WorkerRank, drift: float) -> Exception | None:
    weights = [torch.ones(3), torch.arange(4.0) + worker.rank * drift, torch.tensor(5)]
    weights[1][1] += worker.rank * drift
    with join_group(worker, "cpu") as team:
        try:
            team.require_equal(weights)
        except WorkersDisagree as error:
            return error
    return None


def test_gathered_rows_and_their_gradient_by_hand(together: Together) -> None:
    """Worker r has the rows x_r; each computes weight_r * sum(place * row) over all rows, place from 1."""
    (all_0, grad_0), (all_1, grad_1) = together(2, gather_by_hand)
    assert all_0 == all_1 == [1.0, 2.0, 3.0, 10.0, 20.0]
    # the weights 1 and 100 of both workers add up on every row
    assert grad_0 == [101 * place for place in (1, 2, 3)]
    assert grad_1 == [101 * place for place in (4, 5)]


def gather_by_hand(worker: WorkerRank) -> tuple[list[float], list[float]]:
    with join_group(worker, "cpu") as team:
        rows, sharing = team.share_of(5)
        x = torch.tensor([1.0, 2.0, 3.0, 10.0, 20.0])[rows].requires_grad_()
        everyone = sharing.gather(x)
        torch.autograd.backward((1, 100)[worker.rank] * (everyone * torch.arange(1.0, 6.0)).sum())
        assert x.grad is not None
        return everyone.tolist(), x.grad.tolist()


def test_rows_are_split_evenly_and_completely() -> None:
    assert split_rows(7, 3) == (3, 2, 2)
    assert split_rows(2, 3) == (1, 1, 0)
    assert split_rows(0, 2) == (0, 0)


def test_a_batch_with_fewer_rows_than_workers_goes_to_all_of_them() -> None:
    batch = take_rows(SOLO, make_batch(DIMS, 3), torch.tensor([2, 0]))
    assert len(batch) == 2
    copies = Copies(3)
    x = torch.tensor([3.0, 5.0])
    assert copies.mean(x).item() * 3 == pytest.approx(4.0)
    assert copies.num_rows(2) == copies.total(torch.tensor(2)).item() == 6
    assert copies.gather(x) is x
