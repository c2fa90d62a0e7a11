"""Equal lengths: averages over equal stretches of real time, or a trained alignment with its CTC error."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dmd.data.samples.arrays import Side
from dmd.layers.equal_lengths import CTCAlignment, EqualLengths, pool_to
from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES

WIDTHS = {"language": 3, "audio": 2, "vision": 4}
STEPS = {"language": 4, "audio": 9, "vision": 6}


def frames(*rows: list[float], num_steps: int, side: Side = "start") -> Sequence:
    """Sequences of one feature; what is not real holds 1000."""
    steps = torch.full((len(rows), num_steps, 1), 1000.0)
    for row, values in zip(steps, rows, strict=True):
        at = slice(0, len(values)) if side == "start" else slice(num_steps - len(values), num_steps)
        row[at, 0] = torch.tensor(values)
    return Sequence(steps, torch.tensor([len(row) for row in rows]), side)


def language(*lengths: int) -> Sequence:
    """Of these many real steps, whatever they hold."""
    return Sequence(torch.zeros(len(lengths), max(lengths), 1), torch.tensor(lengths))


def pooled(x: Sequence, *lengths: int) -> list[list[float]]:
    return [row.tolist() for row in pool_to(language(*lengths), x).steps.squeeze(-1)]


def test_five_hundred_frames_become_fifty_averages_in_their_order() -> None:
    (row,) = pooled(frames([float(frame) for frame in range(500)], num_steps=500), 50)
    assert row == [4.5 + 10 * step for step in range(50)]


@pytest.mark.parametrize("side", ["start", "end"])
def test_each_row_pools_its_own_real_steps_to_its_own_length(side: Side) -> None:
    x = frames([1, 2, 3, 4, 5, 6], [10, 20], [7], num_steps=8, side=side)
    assert pooled(x, 3, 1, 2) == [[1.5, 3.5, 5.5], [15, 0, 0], [7, 7, 0]]


def test_a_step_that_two_stretches_share_counts_in_each_by_its_part() -> None:
    # three steps in two stretches of 1.5 steps: (0 + 3/2) / 1.5 and (3/2 + 6) / 1.5
    (row,) = pooled(frames([0, 3, 6], num_steps=3), 2)
    assert row == pytest.approx([1, 5])


def test_too_few_steps_are_repeated() -> None:
    assert pooled(frames([1, 2], num_steps=2), 4) == [[1, 1, 2, 2]]


def test_equal_lengths_stay_as_they_are() -> None:
    x = Sequence(torch.rand(5, 6, 3), torch.tensor([6, 1, 3, 2, 5]))
    same = pool_to(x, x)
    assert torch.equal(same.steps, x.steps * x.is_real.unsqueeze(-1))
    one_differs = pool_to(language(6, 2, 3, 2, 5), x).steps
    assert torch.equal(one_differs[[0, 2, 3, 4]], same.steps[[0, 2, 3, 4]])


def given(side: Side = "start", extra: int = 0) -> dict[str, Sequence]:
    """Three rows of every modality, ``extra`` steps of noise in the padding more."""
    found = {}
    for number, m in enumerate(MODALITIES):
        generator = torch.Generator().manual_seed(number)
        steps = torch.randn(3, STEPS[m], WIDTHS[m], generator=generator, dtype=torch.float64)
        lengths = torch.tensor([STEPS[m], 2, STEPS[m] - 1])
        x = Sequence(steps, lengths)
        x = x.with_steps(steps * x.is_real.unsqueeze(-1))
        padded = torch.cat([x.steps, torch.zeros(3, extra, WIDTHS[m], dtype=torch.float64)], dim=1)
        found[m] = Sequence(padded, lengths).moved_to(side)
    return found


@pytest.mark.parametrize("kind", ["pool", "ctc"])
def test_padding_on_either_side_changes_nothing(kind: str) -> None:
    torch.manual_seed(0)
    module = EqualLengths(kind, WIDTHS, STEPS["language"]).double()  # type: ignore[arg-type]
    plain = module(given())
    for side in ("start", "end"):
        padded = module(given(side, 10))
        for m in MODALITIES:
            assert padded.sequences[m].steps.shape == (3, STEPS["language"], WIDTHS[m])
            torch.testing.assert_close(padded.sequences[m].steps, plain.sequences[m].steps, atol=1e-12, rtol=0)
            assert torch.equal(padded.sequences[m].lengths, plain.lengths)
        torch.testing.assert_close(dict(padded.terms), dict(plain.terms))
    assert plain.side_by_side.steps.shape == (3, STEPS["language"], sum(WIDTHS.values()))
    assert not plain.side_by_side.steps[1, 2:].any()
    assert set(plain.terms) == ({"ctc"} if kind == "ctc" else set())


def paths_by_hand(shares: Tensor, length: int) -> float:
    """The probability of every way to pass 1..length in the steps of ``shares`` (T, slots), added up one by one."""
    num_steps, num_slots = shares.shape
    total = 0.0
    for number in range(num_slots**num_steps):
        path = [number // num_slots**step % num_slots for step in range(num_steps)]
        collapsed = [slot for step, slot in enumerate(path) if step == 0 or slot != path[step - 1]]
        if [slot for slot in collapsed if slot] == list(range(1, length + 1)):
            total += math.prod(float(shares[step, slot]) for step, slot in enumerate(path))
    return total


def test_alignment_sums_steps_by_their_shares_and_asks_for_their_order() -> None:
    torch.manual_seed(1)
    module = CTCAlignment(2, 2).double()
    x = Sequence(torch.randn(2, 4, 2, dtype=torch.float64), torch.tensor([4, 3]))
    slots, errors = module(x, torch.tensor([2, 1]))
    shares = module.cells(x.steps)[0].softmax(-1).detach()
    first = [sum(shares[0, t, slot] * x.steps[0, t] for t in range(4)) for slot in (1, 2)]
    torch.testing.assert_close(slots[0], torch.stack(first))
    torch.testing.assert_close(slots[1, 0], sum(shares[1, t, 1] * x.steps[1, t] for t in range(3)))
    assert not slots[1, 1].any()
    by_hand = [-math.log(paths_by_hand(shares[0], 2)) / 2, -math.log(paths_by_hand(shares[1, :3], 1))]
    assert errors.tolist() == pytest.approx(by_hand, abs=1e-12)


def test_a_row_with_fewer_steps_than_the_language_has_no_error_and_finite_gradients() -> None:
    module = CTCAlignment(2, 5)
    slots, errors = module(Sequence(torch.randn(2, 4, 2), torch.tensor([2, 4])), torch.tensor([5, 3]))
    assert errors[0] == 0
    assert errors[1] > 0
    (slots.square().mean() + errors.mean()).backward()
    assert all(bool(p.grad.isfinite().all()) for p in module.parameters() if p.grad is not None)


def test_training_on_the_error_puts_steps_in_their_order() -> None:
    torch.manual_seed(2)
    module = CTCAlignment(3, 3)
    x = Sequence(torch.eye(3).repeat_interleave(2, 0).expand(4, -1, -1), torch.tensor([6, 6, 6, 6]))
    optimiser = torch.optim.Adam(module.parameters(), 0.05)
    lengths = torch.tensor([3, 3, 3, 3])
    errors = []
    for _ in range(60):
        optimiser.zero_grad()
        error = module(x, lengths)[1].mean()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < 0.4 * errors[0]
    found = module(x, lengths)[0][0]
    assert found.argmax(-1).tolist() == [0, 1, 2]
