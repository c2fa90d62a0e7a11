"""What fails wherever the host has to wait for the device. It needs no device: it looks at operators and calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Operators whose result, or the shape of whose result, the host has to read before it can go on.
WAITING = {
    "_local_scalar_dense",  # item(), float(tensor), bool(tensor), int(tensor)
    "equal",
    "is_nonzero",
    "masked_select",
    "nonzero",
    "nonzero_numpy",
    "unique_dim",
    "unique_consecutive",
    "_unique",
    "_unique2",
    "bincount",
}
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}


class HostWaits(AssertionError):
    """An operator that makes the host wait ran where none may."""


class NoHostWaits(contextlib.ExitStack):
    """A context that raises HostWaits. device: where everything must happen; a copy from elsewhere waits as well."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.operators = Operators(device)

    def __enter__(self) -> Self:
        entered = super().__enter__()
        self.enter_context(self.operators)
        self.enter_context(HostValues())
        return entered


class Operators(TorchDispatchMode):
    """Looks at every operator, also those of a backward pass."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = torch.device(device)
        self.num_seen = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.num_seen += 1
        name = func.overloadpacket.__name__
        if name in WAITING and any(tensor.device.type == self.device.type for tensor in tensors(args)):
            raise HostWaits(f"{func} waits for its result")
        if name == "repeat_interleave" and "output_size" not in (kwargs or {}):
            raise HostWaits(f"{func} waits for the size of its result")
        if name in INDEXING and any(tensor.dtype in (torch.bool, torch.uint8) for tensor in tensors(args[1:2])):
            raise HostWaits(f"{func} with a mask waits for the number of its true entries")
        result = func(*args, **(kwargs or {}))
        for tensor in tensors((args, kwargs or {}, result)):
            if tensor.device.type != self.device.type and not is_number(tensor):
                raise HostWaits(f"{func} touches {tuple(tensor.shape)} on {tensor.device.type}")
        return result


class HostValues(TorchFunctionMode):
    """Looks at calls from Python: a list of numbers that becomes a tensor is a copy that no operator shows."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (torch.tensor, torch.as_tensor, torch.from_numpy):
            raise HostWaits(f"{func.__name__} copies values of the host")
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(part, list | tuple) for part in index):
                raise HostWaits(f"indexing with {index} copies the list of numbers")
        return func(*args, **(kwargs or {}))


def is_number(tensor: Tensor) -> bool:
    """A Python number on its way into an operator: it travels with the launch and waits for nothing."""
    return tensor.dim() == 0 and tensor.device.type == "cpu"


def tensors(tree: Any) -> Iterable[Tensor]:
    """Every tensor in nested containers."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from tensors(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from tensors(value)
