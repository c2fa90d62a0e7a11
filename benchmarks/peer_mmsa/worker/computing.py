"""What one of MMSA's methods computes from given weights: prediction, loss and gradients, without dropout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.peer_mmsa.worker.models import build, configure

UNREAD = "mfn_encoder.out_"
"""MFM has the head of the encoder inside it, which nothing reads."""


def compute(request: dict[str, Any]) -> dict[str, Any]:
    """Nothing in the answer; ``prediction``, ``loss`` and ``gradients`` by name in the file ``found``.

    Args:
        request: ``method``; ``given``, a file with ``weights`` by MMSA's names, ``clips`` by modality and ``labels``;
            ``found``.

    Raises:
        ValueError: a weight is missing, or has no place.
    """
    given = torch.load(request["given"])
    clips, labels = given["clips"], given["labels"]
    arguments = configure(request["method"], Path("unused"), {"need_normalized": False})
    arguments.update({"feature_dims": [x.shape[2] for x in clips.values()]})
    arguments.update({"seq_lens": [x.shape[1] for x in clips.values()]})
    model = build(arguments)[0].Model
    missing, unknown = model.load_state_dict(given["weights"], strict=False)
    if unknown or any(not name.startswith(UNREAD) for name in missing):
        raise ValueError(f"weights missing: {missing}; without a place: {unknown}")
    prediction, generation = _answer(model.eval()(clips["text"], clips["audio"], clips["vision"]))
    loss = (prediction - labels).abs().mean() + generation
    torch.autograd.backward(loss)
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    torch.save({"prediction": prediction.detach(), "loss": loss.detach(), "gradients": gradients}, request["found"])
    return {}


def _answer(outputs: Any) -> tuple[Tensor, Tensor | float]:
    """The prediction (B,), and the error of what is generated."""
    prediction, generation = (outputs["M"], 0.0) if isinstance(outputs, dict) else outputs[:2]
    return prediction.squeeze(-1), generation
