"""Hostile files of torch: programs, and tensors that would fill the memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import torch
from torch import Tensor

from tests.hostile.archives import Touches, Write


def saved(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def _splits(text: Tensor) -> dict[str, dict[str, object]]:
    other = {"audio": torch.ones(3, 2, 2), "vision": torch.ones(3, 2, 2), "regression_labels": torch.zeros(3)}
    return {
        split: {"text": text, **other, "id": [f"{split}{row}" for row in range(3)]}
        for split in ("train", "valid", "test")
    }


def _packed() -> bytes:
    source, stream = zipfile.ZipFile(io.BytesIO(saved(_splits(torch.zeros(3, 2, 2))))), io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for info in source.infolist():
            made.writestr(info.filename, source.read(info))
    return stream.getvalue()


def _described_by(pickled: bytes) -> bytes:
    """A file of torch with other words on what it holds."""
    source, stream = zipfile.ZipFile(io.BytesIO(saved({}))), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for info in source.infolist():
            made.writestr(info.filename, pickled if info.filename.endswith("data.pkl") else source.read(info))
    return stream.getvalue()


TENSORS: Mapping[str, Write] = {
    "a program": lambda canary: saved({"train": Touches(canary)}),
    "a program beside data": lambda canary: saved({**_splits(torch.zeros(3, 2, 2)), "x": Touches(canary)}),
    "one number shown as billions": lambda canary: saved(_splits(torch.zeros(1, 1, 1).expand(3, 1 << 20, 1 << 10))),
    "one tensor in very many places": lambda canary: saved([torch.zeros(1 << 18)] * 1000),
    "sparse": lambda canary: saved(_splits(torch.zeros(3, 2, 2).to_sparse())),
    "complex": lambda canary: saved(_splits(torch.zeros(3, 2, 2, dtype=torch.complex64))),
    "nowhere": lambda canary: saved(_splits(torch.zeros(3, 2, 2, device="meta"))),
    "packed members": lambda canary: _packed(),
    "five million lists": lambda canary: _described_by(b"\x80\x02" + b"]" * 5_000_000 + b"N."),
    "a module": lambda canary: saved(torch.nn.Linear(2, 2)),
    "no splits": lambda canary: saved({"weight": torch.zeros(2)}),
    "a tensor": lambda canary: saved(torch.zeros(3)),
    "cut off": lambda canary: saved(_splits(torch.zeros(3, 2, 2)))[:-200],
}
"""Each is refused by one line."""
