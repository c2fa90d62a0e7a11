"""Random streams keyed by purpose, so that nothing depends on a hidden generator state.

Two arms with the same seed share the data order and the initial values of every parameter they have in common,
because each draw is a pure function of ``(seed, purpose, ...)``. That is what makes pairing by seed mean something.
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

Purpose = str | int


def stream_key(seed: int, *purpose: Purpose) -> int:
    """A non-negative 63-bit key for one stream, for instance ``stream_key(seed, "order", epoch)``."""
    text = "\x1f".join([str(seed), *(f"{type(part).__name__}:{part}" for part in purpose)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def torch_generator(seed: int, *purpose: Purpose) -> torch.Generator:
    """A fresh CPU generator for one stream."""
    return torch.Generator().manual_seed(stream_key(seed, *purpose))


def numpy_generator(seed: int, *purpose: Purpose) -> np.random.Generator:
    """A fresh NumPy generator for one stream."""
    return np.random.default_rng(stream_key(seed, *purpose))


@contextmanager
def seeded_generators(key: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """PyTorch's, NumPy's and Python's own generators as functions of ``key`` while this lasts; then as they were.

    For code that draws from them, as PyTorch's modules do.
    """
    python, numbers = random.getstate(), np.random.get_state()
    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices):
        random.seed(key)
        np.random.seed(key % 2**32)
        # torch.manual_seed would seed every kind of device, and keep a stack trace for each that has not begun.
        torch.default_generator.manual_seed(key)
        for own in devices:
            with torch.cuda.device(own):
                torch.cuda.manual_seed(key)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numbers)
