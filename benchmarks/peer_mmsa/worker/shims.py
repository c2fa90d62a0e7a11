"""What it takes to run MMSA 2.2.1 on a CPU, with today's torch and without a hub. Its files stay as they are.

Its ``MMSA_run``, which calls ``torch.cuda.set_device`` on any machine, is not used: loader, model and trainer are built
as it builds them. Left are an argument that is gone from torch, a device that is written into a model, and a BERT from
the hub, in whose place stand the features that all methods read.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

BERT_WIDTH = 768
"""Written into its models."""


def apply_shims() -> None:
    """To the modules of this process."""
    single = "MMSA.models.singleTask"
    _replace("MMSA.trains.singleTask.MULT", "ReduceLROnPlateau", _plateau)
    _replace(f"{single}.MCTN", "Seq2Seq", _on_cpu(importlib.import_module(f"{single}.MCTN").Seq2Seq))
    _replace(f"{single}.MISA", "BertTextEncoder", FrozenText)


def _replace(module: str, name: str, value: object) -> None:
    setattr(importlib.import_module(module), name, value)


def _plateau(*given: Any, verbose: bool = False, **named: Any) -> Any:
    return torch.optim.lr_scheduler.ReduceLROnPlateau(*given, **named)


def _on_cpu(kind: Any) -> Any:
    return lambda encoder, decoder, device, lengths=None: kind(encoder, decoder, "cpu", lengths)


class FrozenText(nn.Module):
    """Stands in for its BERT: rows of a table of features, named by what it takes for token ids.

    table: (n, BERT_WIDTH), of the class, because MMSA's models build it from names alone. It is no parameter.
    """

    table: Tensor

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__()

    def forward(self, text: Tensor) -> Tensor:
        """(B, 3, T): rows, mask, zeros -> (B, T, BERT_WIDTH)."""
        return self.table[text[:, 0].long()]
