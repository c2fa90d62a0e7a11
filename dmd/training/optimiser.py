"""What is done with gradients: clipping after every mini-batch, Adam after a group of them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from dmd.kernels import native
from dmd.models.model import ParameterGroup
from dmd.training.config import Clip


def clip_gradients(parameters: Iterable[nn.Parameter], clip: Clip) -> None:
    """Clip the accumulated gradients in place."""
    if clip.kind == "value":
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.clamp_(-clip.limit, clip.limit)
    elif clip.kind == "norm":
        nn.utils.clip_grad_norm_(parameters, clip.limit)


class ClippedAdam(torch.optim.Adam):
    """torch's Adam, whose steps clip the gradients first.

    Both are one pass over the parameters where the compiled passes serve; what is left in ``grad`` then is unclipped.
    The state is torch's own, and so is every first step, which sets it up.
    """

    def __init__(self, groups: Sequence[ParameterGroup], weight_decay: float, clip: Clip) -> None:
        parameters = [{"params": list(group.parameters), "lr": group.learning_rate} for group in groups]
        super().__init__(parameters, weight_decay=weight_decay, fused=True)
        self.clip = clip

    def clip_gradients(self) -> None:
        """What is due after a mini-batch that no step follows."""
        clip_gradients((p for group in self.param_groups for p in group["params"]), self.clip)

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Clip, then update."""
        trained = [[p for p in group["params"] if p.grad is not None] for group in self.param_groups]
        if not all(self._is_served(parameters) for parameters in trained):
            self.clip_gradients()
            super().step()
            return
        if self.clip.kind == "norm":
            self.clip_gradients()
        limit = self.clip.limit if self.clip.kind == "value" else math.inf
        for group, parameters in zip(self.param_groups, trained, strict=True):
            if parameters:
                rates = native.AdamRates(group["lr"], group["betas"], group["eps"], group["weight_decay"], limit)
                native.adam(self._table(parameters), parameters[0].dtype, rates)

    def _is_served(self, parameters: Sequence[Tensor]) -> bool:
        """Whether the compiled passes can take all of these a step further."""
        if not parameters:
            return True
        device, dtype = parameters[0].device, parameters[0].dtype
        if not native.serves(parameters[0]):
            return False
        return all(
            p.device == device
            and p.dtype == dtype
            and p in self.state
            and p.is_contiguous()
            and p.grad is not None
            and p.grad.is_contiguous()
            for p in parameters
        )

    def _table(self, parameters: Sequence[Tensor]) -> array[int]:
        """See :func:`dmd.kernels.native.adam`."""
        table = array("q")
        for parameter in parameters:
            state, gradient = self.state[parameter], parameter.grad
            assert gradient is not None
            moments = state["exp_avg"].data_ptr(), state["exp_avg_sq"].data_ptr()
            addresses = parameter.data_ptr(), gradient.data_ptr(), *moments, state["step"].data_ptr()
            table.extend((*addresses, parameter.numel()))
        return table
