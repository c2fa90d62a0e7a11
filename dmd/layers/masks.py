"""Which keys a query may see."""

from __future__ import annotations

import torch
from torch import Tensor


def future_mask(num_queries: int, num_keys: int, device: torch.device | str = "cpu") -> Tensor:
    """Where a query step t may see a key step s: ``s <= t + |T_k - T_q|``.

    Causal for self-attention; a longer query sees everything; a shorter one sees a sliding prefix (MulT).

    Args:
        num_queries: T_q.
        num_keys: T_k.
        device: of the result.

    Returns:
        (T_q, T_k) bool, True where the key may be seen.
    """
    query = torch.arange(num_queries, device=device)[:, None]
    key = torch.arange(num_keys, device=device)[None, :]
    return key <= query + abs(num_keys - num_queries)


def real_steps(firsts: Tensor, lengths: Tensor, num_steps: int) -> Tensor:
    """Where the real steps of sequences stand.

    Args:
        firsts: (B,) first real step of each.
        lengths: (B,) real steps of each.
        num_steps: T.

    Returns:
        (B, T) bool, True at real steps.
    """
    steps = torch.arange(num_steps, device=lengths.device)
    return (steps >= firsts[:, None]) & (steps < (firsts + lengths)[:, None])
