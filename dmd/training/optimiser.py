"""What is done with gradients: clipping after every mini-batch, Adam after a group of them."""

from __future__ import annotations

import inspect
import itertools
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

    # As in torch, less what imports its compiler at the first call: most of a second of every process, and nothing
    # here is compiled.
    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
    _step_of_torch = staticmethod(inspect.unwrap(torch.optim.Adam.step))

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
        tables = [self._table(parameters) for parameters in trained]
        if None in tables:
            self.clip_gradients()
            with torch.no_grad():
                self._step_of_torch(self)
            return
        if self.clip.kind == "norm":
            self.clip_gradients()
        limit = self.clip.limit if self.clip.kind == "value" else math.inf
        for group, parameters, table in zip(self.param_groups, trained, tables, strict=True):
            if parameters and table is not None:
                rates = native.AdamRates(group["lr"], group["betas"], group["eps"], group["weight_decay"], limit)
                native.adam(table, parameters[0].dtype, rates)

    def _table(self, parameters: Sequence[Tensor]) -> array[int] | None:
        """See :func:`dmd.kernels.native.adam`; None where it cannot serve all of these."""
        if not parameters:
            return array("q")
        states = [self.state.get(parameter) for parameter in parameters]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        first = parameters[0]
        if not (
            native.serves(first)
            and all(states)
            and {(p.dtype, p.is_cpu) for p in parameters} == {(first.dtype, True)}
            and all(map(Tensor.is_contiguous, parameters))
            and all(map(Tensor.is_contiguous, gradients))
        ):
            return None
        kept = [[state[name] for state in states if state] for name in ("exp_avg", "exp_avg_sq", "step")]
        addresses = [map(Tensor.data_ptr, tensors) for tensors in (parameters, gradients, *kept)]
        return array("q", itertools.chain(*addresses, map(Tensor.numel, parameters)))
