"""Batch normalisation over real steps, and over the whole batch where several workers share it.

Ioffe and Szegedy, ICML 2015. One value has no variance: a channel that a batch holds a single value of, or none, is
normalised by the running statistics and leaves them as they are; so a batch may have any size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.batch_sharing import BatchSharing
from dmd.layers.sequence import Sequence
from dmd.precision import in_float32

_EPSILON = 1e-5
_MOMENTUM = 0.1


class _Statistics(nn.Module):
    """Scale and shift of each channel, and what its values were so far."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def settle(self, count: Tensor, mean: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
        """The mean to subtract and the factor to multiply by; the running statistics follow.

        Args:
            count: (C,) values of each channel.
            mean: (C,) their mean.
            squares: (C,) the sum of their squared distances from it.
        """
        enough = count > 1
        var = squares / count.clamp(min=1)
        with torch.no_grad():
            rate = _MOMENTUM * enough.to(mean.dtype)
            self.running_mean += rate * (mean - self.running_mean)
            self.running_var += rate * (squares / (count - 1).clamp(min=1) - self.running_var)
        mean, var = torch.where(enough, mean, self.running_mean), torch.where(enough, var, self.running_var)
        return mean, self.weight * (var + _EPSILON).rsqrt()


class FeatureNorm(_Statistics):
    """Each feature of one vector per sample."""

    @in_float32
    def forward(self, x: Tensor, sharing: BatchSharing) -> Tensor:
        """(B, C) -> (B, C)."""
        if not self.training or sharing.num_workers == 1:
            by_batch = self.training and len(x) > 1
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, by_batch, _MOMENTUM, _EPSILON
            )
        every = sharing.gather(x)
        count = torch.full_like(self.bias, len(every), requires_grad=False)
        own_mean = every.mean(0)
        mean, scale = self.settle(count, own_mean, (every - own_mean).square().sum(0))
        return (x - mean) * scale + self.bias


class StepNorm(_Statistics):
    """All features of one step together, each step by its distance from the end, where the last real one stands.

    Args:
        channels: the most real steps of a sequence.
    """

    @in_float32
    def forward(self, x: Sequence, sharing: BatchSharing) -> Sequence:
        """(B, T, w), real steps first -> the same; what stands behind the real steps is of no use."""
        channels, width = len(self.bias), x.steps.shape[-1]
        steps = torch.arange(x.num_steps, device=x.steps.device)
        channel = (channels - x.lengths[:, None] + steps).clamp(max=channels - 1)
        if not self.training:
            mean, scale = self.running_mean, self.weight * (self.running_var + _EPSILON).rsqrt()
        else:
            by_channel = F.one_hot(channel, channels).to(x.steps.dtype) * x.is_real.unsqueeze(-1)

            def total(values: Tensor) -> Tensor:
                """(B, T) -> (C,) over the whole batch."""
                return sharing.gather(torch.einsum("btc,bt->bc", by_channel, values)).sum(0)

            count = total(torch.full_like(by_channel[..., 0], width))
            mean = total(x.steps.sum(-1)) / count.clamp(min=1)
            squares = total((x.steps - mean[channel].unsqueeze(-1)).square().sum(-1))
            mean, scale = self.settle(count, mean, squares)
        shift = (self.bias - mean * scale)[channel].unsqueeze(-1)
        return x.with_steps(x.steps * scale[channel].unsqueeze(-1) + shift)
