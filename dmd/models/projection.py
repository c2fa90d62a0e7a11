"""From raw features to the common width: the temporal convolution of each modality, or an LSTM in its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.data.samples.arrays import Side
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout
from dmd.layers.recurrent import RecurrentEncoder
from dmd.layers.sequence import Sequence
from dmd.modalities import Modality


class HasSequences(Protocol):
    """What is projected: a batch of the loop, or what a plain module is given of one."""

    def sequence(self, modality: Modality) -> Sequence:
        """(B, T_m, D_m), and where its real steps are."""
        ...


def projected_steps(num_steps: int, kernel: int) -> int:
    """T' = T - k + 1; a sequence shorter than the kernel is padded up to it and gives one step."""
    return max(num_steps - kernel + 1, 1)


class TemporalProjection(nn.Module):
    """One Conv1d per modality, no bias, no padding: (B, T_m, D_m) -> (B, T'_m, d).

    A window that reaches into padding is no real step, except where a sequence is shorter than the kernel: then the
    window at its side counts, so that every sample keeps at least one real step. Where real steps stand at the end, the
    last one of them lies on the last tap of the last window, however short the sequence is.

    An LSTM gives a state for each real step, so T'_m = T_m; of padding there is no state, and zero stands there.

    Args:
        dims: steps and widths of the features, T_m and D_m.
        kernels: steps that one window sees, of the modalities to project, all or some.
        width: d.
        masks_padding: whether steps that are not real become zero after a convolution.
        recurrent: the modalities that an LSTM projects; their kernels mean nothing.

    Attributes:
        steps: modality -> T'_m.
    """

    def __init__(
        self,
        dims: Dims,
        kernels: Mapping[Modality, int],
        width: int,
        *,
        masks_padding: bool,
        recurrent: Collection[Modality] = (),
    ) -> None:
        super().__init__()
        self.modalities: tuple[Modality, ...] = tuple(kernels)
        self.kernels = {m: kernel for m, kernel in kernels.items() if m not in recurrent}
        self.masks_padding = masks_padding
        self.steps = {m: projected_steps(dims.max_steps[m], self.kernels.get(m, 1)) for m in self.modalities}
        self.conv = nn.ModuleDict(
            {m: nn.Conv1d(dims.widths[m], width, kernel, bias=False) for m, kernel in self.kernels.items()}
        )
        self.lstm = nn.ModuleDict(
            {m: RecurrentEncoder(dims.widths[m], width) for m in self.modalities if m in recurrent}
        )

    def forward(self, batch: HasSequences, text_rate: float, dropout: Dropout) -> dict[Modality, Sequence]:
        """Project the features of a batch to the common width.

        Args:
            batch: modality -> (B, T_m, D_m).
            text_rate: dropout rate of the language features.
            dropout: of this step.

        Returns:
            Modality -> (B, T'_m, d); padding is exactly zero where it is masked.
        """
        projected: dict[Modality, Sequence] = {}
        for m in self.modalities:
            given = batch.sequence(m)
            if m == "language":
                given = given.with_steps(dropout(given.steps, text_rate, "text"))
            projected[m] = self._convolved(m, given) if m in self.kernels else self._states(m, given)
        return projected

    def _convolved(self, m: Modality, given: Sequence) -> Sequence:
        kernel = self.kernels[m]
        x = convolve(_as_long_as(kernel, given.steps, given.side), self.conv[m])
        made = Sequence(x, (given.lengths - kernel + 1).clamp(min=1), given.side)
        return _without_padding(made) if self.masks_padding else made

    def _states(self, m: Modality, given: Sequence) -> Sequence:
        """As many steps as were given, since weights behind this one belong to places."""
        encoder = cast(RecurrentEncoder, self.lstm[m])
        states = encoder.states(given)
        padded = F.pad(states.steps, (0, 0, 0, given.num_steps - states.num_steps))
        return _without_padding(states.with_steps(padded).moved_to(given.side))


@dataclass(frozen=True)
class EndAligned:
    """The same sequences with the last real step last and nothing before the longest row, however they are padded.

    Attributes:
        given: what they are taken from.
    """

    given: HasSequences

    def sequence(self, modality: Modality) -> Sequence:
        """(B, longest, D_m)."""
        return self.given.sequence(modality).shortened_to("end")


def _without_padding(x: Sequence) -> Sequence:
    return x.with_steps(x.steps * x.is_real.unsqueeze(-1))


def _as_long_as(kernel: int, x: Tensor, side: Side) -> Tensor:
    """(B, T, D) with at least ``kernel`` steps: zeros on the side where no real steps stand."""
    missing = max(kernel - x.shape[1], 0)
    return F.pad(x, (0, 0, missing, 0) if side == "end" else (0, 0, 0, missing)) if missing else x


def convolve(x: Tensor, layer: nn.Module) -> Tensor:
    """(B, T, D) through a Conv1d without bias, D to d channels, kernel k <= T -> (B, T', d).

    One product gives what each step adds to each of the k windows it lies in; the windows then are sums of k slices. On
    a CPU wide inputs are projected faster this way than by the convolution itself.
    """
    assert isinstance(layer, nn.Conv1d)
    weight = layer.weight
    width, _, kernel = weight.shape
    product = F.linear(x, weight.permute(2, 0, 1).reshape(kernel * width, -1))
    summed: Tensor = _WindowSums.apply(product.view(*product.shape[:2], kernel, width))  # type: ignore[no-untyped-call]
    return summed


class _WindowSums(torch.autograd.Function):
    """(B, T, k, d), what step t gives to the window in which it is the k-th -> (B, T', d), the sum of each window."""

    @staticmethod
    def forward(ctx: Any, shares: Tensor) -> Tensor:
        ctx.shape = shares.shape
        return _windows(shares.contiguous()).sum(2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        to_shares = gradients[0].new_zeros(ctx.shape)
        _windows(to_shares).copy_(gradients[0].unsqueeze(2))
        return to_shares


def _windows(shares: Tensor) -> Tensor:
    """A view, (B, T', k, d): window t has the k-th share of step t + k. No share is in two windows."""
    batch, num_steps, kernel, width = shares.shape
    of_step = kernel * width
    strides = (num_steps * of_step, of_step, of_step + width, 1)
    return shares.as_strided((batch, num_steps - kernel + 1, kernel, width), strides)
