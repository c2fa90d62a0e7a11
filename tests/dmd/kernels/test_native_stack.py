"""A compiled encoder in float32 gives what it gives in float64, whatever the vectors and however the sequences end.

In float64 it is tested against the plain encoder (test_fast_path.py); there it knows neither the long vectors nor the
versions for particular widths of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Many

import pytest
import torch
from torch import Tensor

from dmd.dropout import SeededDropout
from dmd.dropout_mask import DropoutMask
from dmd.kernels import native
from dmd.kernels.encoder_stack import LevelShape, StackShape
from dmd.layers.encoder_layer import ALL_SEEN, EncoderLayer, EncoderRates, LayerView, Seen
from dmd.layers.initialise import initialise
from dmd.layers.native_stack import LayerParameters, run_stack

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no compiled passes")

GROUPS, BATCH, HEADS = 2, 3, 2
NUM_HIDDEN = 2
DROPOUT = DropoutMask(0x1234_5678_9ABC_DEF1, (77, 0))


def run(
    dtype: torch.dtype,
    steps: tuple[int, int],
    head_width: int,
    order: int = -1,
    dropout: DropoutMask | None = None,
    first: int = 0,
) -> list[Tensor]:
    """Output of a crossmodal encoder and all its gradients, those of x and of memory first.

    Two branches; one sequence of each has a shorter source than the others, which begins at step ``first``.
    """
    generator = torch.Generator().manual_seed(0)
    width = HEADS * head_width

    def drawn(*size: int) -> Tensor:
        made = torch.randn(GROUPS, *size, generator=generator, dtype=torch.float64) / size[-1] ** 0.5
        return made.to(dtype).requires_grad_(True)

    x, memory = drawn(BATCH, steps[0], width), drawn(BATCH, steps[1], width)
    parameters = draw_parameters(drawn, width)
    firsts, seen = torch.zeros(GROUPS, BATCH, dtype=torch.int64), torch.full((GROUPS, BATCH), steps[1])
    firsts[:, 1], seen[:, 1] = first, max(steps[1] - NUM_HIDDEN, 1)
    norm = drawn(width), drawn(width)
    shape = StackShape(HEADS, steps[1], [LevelShape(order, firsts, seen, None, dropout)])
    output = run_stack(x, memory, [parameters], norm, shape)
    arrived = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(dtype)
    return [output.detach(), *torch.autograd.grad(output, [x, memory, *parameters, *norm], arrived)]


def draw_parameters(drawn: Callable[..., Tensor], width: int) -> LayerParameters:
    outputs = {"query": 1, "key_value": 2, "out": 1, "widen": 4}
    sizes: dict[str, tuple[int, ...]] = dict.fromkeys(LayerParameters._fields, (width,))
    for name, factor in outputs.items():
        sizes |= {name: (factor * width, width), f"{name}_bias": (factor * width,)}
    sizes["narrow"] = (width, 4 * width)
    return LayerParameters(**{name: drawn(*size) for name, size in sizes.items()})


@pytest.mark.parametrize("dropout", [None, DROPOUT], ids=["kept", "dropped"])
@pytest.mark.parametrize("head_width", [3, 4, 5, 8, 10, 16, 20])
@pytest.mark.parametrize("steps", [(1, 9), (7, 7), (8, 3), (9, 9), (16, 17), (17, 16), (33, 40)], ids=str)
def test_float32_equals_float64(steps: tuple[int, int], head_width: int, dropout: DropoutMask | None) -> None:
    for order, first in ((-1, 0), (abs(steps[0] - steps[1]), 0), (-1, NUM_HIDDEN), (abs(steps[0] - steps[1]), 1)):
        narrow = run(torch.float32, steps, head_width, order, dropout, first)
        exact = run(torch.float64, steps, head_width, order, dropout, first)
        for own, other in zip(narrow, exact, strict=True):
            torch.testing.assert_close(own.double(), other, atol=5e-5, rtol=5e-5)


def test_what_is_hidden_gets_no_gradient() -> None:
    for dtype in native.KINDS:
        for first in range(NUM_HIDDEN + 1):
            _, _, to_memory, *_ = run(dtype, (20, 20), 5, first=first)
            is_seen = torch.zeros(20, dtype=torch.bool)
            is_seen[first : first + 20 - NUM_HIDDEN] = True
            of_short = to_memory[:, 1]
            assert bool((of_short[:, ~is_seen] == 0).all())
            assert bool((of_short[:, is_seen] != 0).all())


HALF, NUM_STEPS = 21, 100
"""All steps of twice as many sequences are more rows than a feed-forward's hidden layer is kept of; half are not."""


@pytest.mark.parametrize("is_crossmodal", [False, True])
@pytest.mark.parametrize("dtype", native.KINDS)
def test_many_steps_together_give_what_each_half_gives_alone(dtype: torch.dtype, is_crossmodal: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    width = 8

    def drawn(*size: int) -> Tensor:
        made = torch.randn(1, *size, generator=generator, dtype=torch.float64) / size[-1] ** 0.5
        return made.to(dtype).requires_grad_(True)

    x = drawn(2 * HALF, NUM_STEPS, width)
    memory = drawn(2 * HALF, 3, width) if is_crossmodal else None
    parameters = draw_parameters(drawn, width)
    norm = drawn(width), drawn(width)

    def gradients(rows: slice) -> tuple[Tensor, list[Tensor]]:
        """The output, and the gradients of its square."""
        shape = StackShape(HEADS, 3 if is_crossmodal else NUM_STEPS, [LevelShape(0, None, None, None, None)])
        of_rows = None if memory is None else memory[:, rows].contiguous()
        output = run_stack(x[:, rows].contiguous(), of_rows, [parameters], norm, shape)
        inputs = [x, *parameters, *norm, *([] if memory is None else [memory])]
        return output.detach(), list(torch.autograd.grad(output.square().sum(), inputs))

    together, of_both = gradients(slice(0, 2 * HALF))
    alone = [gradients(rows) for rows in (slice(0, HALF), slice(HALF, 2 * HALF))]
    torch.testing.assert_close(together, torch.cat([output for output, _ in alone], 1))
    for both, first, second in zip(of_both, alone[0][1], alone[1][1], strict=True):
        torch.testing.assert_close(both, first + second, rtol=1e-4, atol=1e-4 * float(both.abs().max()))


def test_a_layer_of_long_sequences_keeps_little() -> None:
    """Per row, by hand: queries, keys and values, what attention mixes, its sum with the input and the output are 6
    widths; statistics are 2 numbers of each of three norms and of each head, and sequences fill whole vectors."""
    width, batch, num_steps = 80, 16, 320
    x = torch.randn(1, batch, num_steps, width, requires_grad=True)
    parameters = draw_parameters(lambda *size: torch.randn(1, *size, requires_grad=True), width)
    norm = torch.ones(1, width), torch.zeros(1, width)
    given = {tensor.data_ptr() for tensor in (x, *parameters, *norm)}
    kept: dict[int, int] = {}

    def see(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in given:
            kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
        run_stack(x, None, [parameters], norm, StackShape(HEADS, num_steps, [LevelShape(0, None, None, None, None)]))
    assert 0 < sum(kept.values()) / (batch * num_steps) <= 6 * width + 2 * (3 + HEADS) + 1


RATES = {
    "kept": EncoderRates((0.0, 0.0), 0.0, 0.0, 0.0),
    "attention": EncoderRates((0.4, 0.2), 0.0, 0.0, 0.0),
    "relu": EncoderRates((0.0, 0.0), 0.0, 0.3, 0.0),
    "residual": EncoderRates((0.0, 0.0), 0.0, 0.0, 0.25),
    "all": EncoderRates((0.1, 0.0), 0.0, 0.3, 0.2),
}
"""By what is dropped."""


def outcome(
    x: Tensor, memory: Tensor | None, view: LayerView, rates: EncoderRates, width: int, dtype: torch.dtype
) -> list[Tensor]:
    """What a layer of two branches gives, and all gradients of its sine."""
    layer = EncoderLayer(("a", "b"), width, HEADS)
    initialise(layer, 0)
    layer = layer.to(dtype)
    given = [part.to(dtype).requires_grad_() for part in (x, memory) if part is not None]
    source = None if memory is None else given[1]
    output = layer(given[0], source, view, rates, SeededDropout(0, 0), "here")
    return [output, *torch.autograd.grad(output.sin().sum(), [*given, *layer.parameters()])]


def assert_equals_torch(compiled: Many[Tensor], torch_operations: Many[Tensor], tolerance: float) -> None:
    assert type(compiled[0].grad_fn).__name__ == "_StackBackward"
    for own, other in zip(compiled, torch_operations, strict=True):
        torch.testing.assert_close(own.double(), other, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("dtype", native.KINDS)
@pytest.mark.parametrize("reads", ["all", "one"])
@pytest.mark.parametrize("is_crossmodal", [False, True])
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_a_layer_by_itself_gives_what_torch_operations_give(
    is_crossmodal: bool, rates: EncoderRates, reads: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    x, memory = (torch.randn(GROUPS, BATCH, num, 12, generator=generator, dtype=torch.float64) for num in (13, 7))
    num_keys = 7 if is_crossmodal else 13
    firsts, seen = torch.tensor([[0, 1, 0], [2, 0, 0]]), torch.tensor([[num_keys, 2, 3], [3, num_keys, 1]])
    ends = torch.tensor([[12, 0, 3], [4, 12, 7]]) if reads == "one" else None
    view = LayerView(None, Seen(firsts, seen), ALL_SEEN, ends)
    given = (x, memory if is_crossmodal else None, view, rates, 12)
    compiled = outcome(*given, dtype)
    monkeypatch.setattr(native, "is_available", lambda: False)
    assert_equals_torch(compiled, outcome(*given, torch.float64), 1e-10 if dtype == torch.float64 else 5e-5)


def test_hidden_units_that_are_computed_anew_are_dropped_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(GROUPS, 2 * HALF, NUM_STEPS, 4, generator=generator, dtype=torch.float64)
    given = (x, x[:, :, :2].contiguous(), LayerView(None, None, ALL_SEEN), RATES["all"], 4)
    compiled = outcome(*given, torch.float64)
    monkeypatch.setattr(native, "is_available", lambda: False)
    assert_equals_torch(compiled, outcome(*given, torch.float64), 1e-9)
