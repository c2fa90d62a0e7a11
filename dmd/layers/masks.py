"""Which keys a query may see."""

from __future__ import annotations

import torch
from torch import Tensor


def future_mask(num_queries: int, num_keys: int, device: torch.device | str = "cpu") -> Tensor:
    """True where query step t may see key step s, ``s <= t + |T_k - T_q|``; (T_q, T_k) bool.

    Causal for self-attention; a longer query sees everything; a shorter one sees a sliding prefix (MulT).
    """
    query = torch.arange(num_queries, device=device)[:, None]
    key = torch.arange(num_keys, device=device)[None, :]
    return key <= query + abs(num_keys - num_queries)


def real_steps(firsts: Tensor, lengths: Tensor, num_steps: int) -> Tensor:
    """True at the real steps of sequences, ``lengths`` (B,) of them from ``firsts`` (B,) on; (B, T) bool."""
    steps = torch.arange(num_steps, device=lengths.device)
    return (steps >= firsts[:, None]) & (steps < (firsts + lengths)[:, None])
