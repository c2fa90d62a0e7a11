"""Heads: one number per sample, or K of them, after a residual two-layer block or straight away."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.dropout_mask import DropoutMask
from dmd.kernels import native, residual_heads
from dmd.kernels.residual_heads import HeadActivations, Heads
from dmd.precision import in_float32

T = TypeVar("T")


@dataclass(frozen=True)
class HeadOutput:
    """What a head makes of its input.

    Attributes:
        hidden: (B, inner) after ReLU.
        residual: (B, width) after the skip connection.
        logit: (B,) or (B, K).
    """

    hidden: Tensor
    residual: Tensor
    logit: Tensor


class ResidualHead(nn.Module):
    """``r = ReLU(W1 x); y = W2 dropout(r) + x; logit = W y``, of width ``width`` with ``inner`` hidden units.

    columns: the shape of one sample's logit, () or (K,).
    """

    def __init__(self, width: int, inner: int, columns: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.columns = columns
        self.into = nn.Linear(width, inner)
        self.back = nn.Linear(inner, width)
        self.out = nn.Linear(width, math.prod(columns))

    @in_float32
    def forward(self, x: Tensor, rate: float, dropout: Dropout, site: str) -> HeadOutput:
        """Run the head.

        Args:
            x: (B, width).
            rate: of dropout.
            dropout: of this step.
            site: name of the dropout mask.
        """
        hidden = F.relu(self.into(x))
        residual = self.back(dropout(hidden, rate, f"{site}.output")) + x
        return HeadOutput(hidden, residual, _shaped(self.out(residual), self.columns))


class LinearHead(nn.Module):
    """``logit = W x``; what a residual block would give is ``x`` itself. ``columns`` as in :class:`ResidualHead`."""

    def __init__(self, width: int, columns: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.columns = columns
        self.out = nn.Linear(width, math.prod(columns))

    @in_float32
    def forward(self, x: Tensor) -> HeadOutput:
        """x: (B, width)."""
        return HeadOutput(x, x, _shaped(self.out(x), self.columns))


def _shaped(logits: Tensor, columns: tuple[int, ...]) -> Tensor:
    """(B, number of outputs) -> (B, *columns)."""
    return logits if columns else logits.squeeze(-1)


@torch.no_grad()
def start_heads(model: nn.Module, value: Tensor) -> None:
    """Let every head of ``model`` begin at ``value``, () or (K,), in the unit of training, whatever it looks at."""
    for module in model.modules():
        if isinstance(module, ResidualHead | LinearHead):
            module.out.bias.copy_(value)


def run_heads(
    heads: Mapping[str, ResidualHead], inputs: Mapping[str, Tensor], rate: float, dropout: Dropout
) -> dict[str, HeadOutput]:
    """Every head on the input of its name.

    Where the compiled passes serve heads of one number, all of them are one operation: a head's arithmetic is worth a
    few microseconds, and its dozen operations cost a hundred.

    Args:
        heads: name -> head; the name is also the site of its dropout.
        inputs: name -> (B, width).
        rate: of dropout.
        dropout: of this step.

    Returns:
        Name -> outputs of the head.
    """
    gives_one = all(not head.columns for head in heads.values())
    if not (inputs and gives_one and all(map(native.serves, inputs.values()))):
        return {name: head(inputs[name], rate, dropout, name) for name, head in heads.items()}
    masks = tuple(dropout.mask((rate,), f"{name}.output") for name in heads)
    layers = [layer for head in heads.values() for layer in (head.into, head.back, head.out)]
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    found = _Heads.apply(masks, *(inputs[name] for name in heads), *parameters)  # type: ignore[no-untyped-call]
    outputs = zip(*_in_parts(found, len(heads)), strict=True)
    return {name: HeadOutput(*own) for name, own in zip(heads, outputs, strict=True)}


class _Heads(torch.autograd.Function):
    """The inputs of all heads, then the parameters of each -> all hidden, all residuals, all logits."""

    @staticmethod
    def forward(ctx: Any, masks: tuple[DropoutMask | None, ...], *given: Tensor) -> tuple[Tensor, ...]:
        num = len(masks)
        heads = Heads([x.contiguous() for x in given[:num]], _of_each(given[num:]), masks)
        found = residual_heads.forward(heads)
        ctx.set_materialize_grads(False)
        ctx.masks = masks
        ctx.save_for_backward(*heads.inputs, *given[num:], *found.hidden, *found.kept, *found.residual, *found.logit)
        return (*found.hidden, *found.residual, *found.logit)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        saved, num = ctx.saved_tensors, len(ctx.masks)
        num_given = num * (1 + residual_heads.NUM_PARAMETERS)
        arrived = _in_parts([None if d is None else d.contiguous() for d in gradients], num)
        # a head that nothing reads has no gradient, rather than one of zeros
        read = [
            index for index, of_head in enumerate(zip(*arrived, strict=True)) if any(d is not None for d in of_head)
        ]
        parts = (saved[:num], _of_each(saved[num:num_given]), ctx.masks)
        heads = Heads(*(_at(read, part) for part in parts))
        found = HeadActivations(*(_at(read, part) for part in _in_parts(saved[num_given:], num)))
        d_inputs, d_parameters = residual_heads.backward(heads, found, *(_at(read, part) for part in arrived))
        to_inputs: list[Tensor | None] = [None] * num
        to_parameters: list[Sequence[Tensor | None]] = [[None] * residual_heads.NUM_PARAMETERS] * num
        for index, d_input, of_head in zip(read, d_inputs, d_parameters, strict=True):
            to_inputs[index], to_parameters[index] = d_input, of_head
        return None, *to_inputs, *itertools.chain.from_iterable(to_parameters)


def _at(indices: Sequence[int], items: Sequence[T]) -> list[T]:
    return [items[index] for index in indices]


def _in_parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _of_each(parameters: Sequence[Tensor]) -> list[Sequence[Tensor]]:
    """The parameters of each head."""
    return _in_parts(parameters, residual_heads.NUM_PARAMETERS)
