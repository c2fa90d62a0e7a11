"""Heads computed together give what each gives by its definition, dropout included."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from dmd.dropout import Dropout, SeededDropout, no_dropout
from dmd.kernels import native
from dmd.layers.heads import HeadOutput, ResidualHead, run_heads
from dmd.layers.initialise import initialise

BATCH, RATE = 5, 0.5
SIZES = {"wide": (12, 3), "square": (6, 6)}
OUTPUTS = ("hidden", "residual", "logit")


def run(read: Sequence[str], dropout: Dropout) -> tuple[dict[str, HeadOutput], dict[str, Tensor]]:
    """What the heads give, and the gradients, by name, of a sum over the outputs that are read."""
    heads = torch.nn.ModuleDict({name: ResidualHead(*sizes) for name, sizes in SIZES.items()}).double()
    initialise(heads, 0)
    generator = torch.Generator().manual_seed(1)
    inputs = {
        name: torch.randn(BATCH, width, generator=generator, dtype=torch.float64).requires_grad_()
        for name, (width, _) in SIZES.items()
    }
    outputs = run_heads(dict(heads.items()), inputs, RATE, dropout)
    weighed = [getattr(output, part).sin().sum() for output in outputs.values() for part in read]
    torch.stack(weighed).sum().backward()
    gradients = {name: p.grad for name, p in [*heads.named_parameters(), *inputs.items()] if p.grad is not None}
    return outputs, gradients


@pytest.mark.parametrize("dropout", [no_dropout, SeededDropout(3, 5)], ids=["kept", "dropped"])
@pytest.mark.parametrize("read", [OUTPUTS, ("logit",), ("hidden",), ("hidden", "logit"), ("residual",)], ids="+".join)
def test_compiled_heads_equal_their_definition(
    read: tuple[str, ...], dropout: Dropout, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, gradients = run(read, dropout)
    monkeypatch.setattr(native, "is_available", lambda: False)
    apart, expected = run(read, dropout)
    for name, output in apart.items():
        for part in OUTPUTS:
            torch.testing.assert_close(getattr(together[name], part), getattr(output, part), atol=1e-12, rtol=1e-12)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-12, rtol=1e-12)
    # what reads nothing of a layer leaves zeros there or nothing at all
    assert all(bool((gradients[name] == 0).all()) for name in gradients.keys() - expected.keys())


def test_a_head_that_nothing_reads_has_no_gradient() -> None:
    heads = torch.nn.ModuleDict({name: ResidualHead(*sizes) for name, sizes in SIZES.items()})
    inputs = {name: torch.ones(BATCH, width) for name, (width, _) in SIZES.items()}
    run_heads(dict(heads.items()), inputs, RATE, no_dropout)["wide"].logit.sum().backward()
    assert {name for name, p in heads.named_parameters() if p.grad is not None} == {
        f"wide.{name}" for name, _ in heads["wide"].named_parameters()
    }


def test_dropout_drops() -> None:
    kept, _ = run(OUTPUTS, no_dropout)
    dropped, _ = run(OUTPUTS, SeededDropout(3, 5))
    for name, output in kept.items():
        torch.testing.assert_close(dropped[name].hidden, output.hidden)
        assert bool((dropped[name].residual != output.residual).any())
