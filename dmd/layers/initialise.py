"""Initial values, each parameter from the stream of its own name."""

from __future__ import annotations

import math

from torch import nn
from torch.nn import init

from dmd.layers.grouped import GroupedLinear, GroupedNorm
from dmd.random_streams import torch_generator


def initialise(model: nn.Module, seed: int) -> None:
    """Set every parameter of ``model`` in place, as a function of ``(seed, name)`` only.

    A module that two arms share by name starts with the same values in both; of grouped layers each branch is a module
    of its own. Rules: grouped (encoder) layers Xavier-uniform with zero bias; every other linear layer and convolution
    uniform in +-1/sqrt(fan in) and LSTMs in +-1/sqrt(hidden), PyTorch's defaults; norms at one and zero. A module of a
    kind that has no rule here is refused: a silent default would depend on global state.
    """
    for name, module in model.named_modules():
        if isinstance(module, GroupedLinear):
            bound = math.sqrt(6 / (module.weight.shape[2] + module.fan_out))
            for branch, weight in zip(module.branches, module.weight, strict=True):
                init.uniform_(weight, -bound, bound, generator=torch_generator(seed, "init", f"{name}.{branch}.weight"))
            init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.Conv1d | nn.LSTM):
            fan_in = module.hidden_size if isinstance(module, nn.LSTM) else module.weight[0].numel()
            bound = 1 / math.sqrt(fan_in)
            for kind, parameter in module.named_parameters(recurse=False):
                init.uniform_(parameter, -bound, bound, generator=torch_generator(seed, "init", f"{name}.{kind}"))
        elif isinstance(module, nn.LayerNorm | GroupedNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif any(True for _ in module.parameters(recurse=False)):
            raise TypeError(f"no initialisation rule for {type(module).__name__} (module {name!r})")
