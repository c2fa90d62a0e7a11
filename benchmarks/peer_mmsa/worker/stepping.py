"""A training step of one of MMSA's methods: a turn of its own loop, timed from batch to batch."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peer_mmsa.worker.models import build, configure, count_parameters, use_text
from benchmarks.peer_mmsa.worker.training import seed_all

BATCH = 16
CUBE = 1024
TEXT_ROWS = 512
EVERY_BATCH = {"update_epochs": 1}
"""An optimiser step after each, as on the other side."""
Receive = Callable[[], dict[str, Any]]
Send = Callable[[dict[str, Any]], None]


class _Ended(Exception):
    """Leaves the loop of its trainer."""


def serve_steps(request: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer every request ``step`` by a step, until another one comes; the first answer says that all is ready.

    Args:
        request: ``method``, ``steps`` and ``widths`` of text, audio and vision.
        receive, send: the connection.
    """
    seed_all(0)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = configure(request["method"], Path(scratch) / "best.pth", EVERY_BATCH)
        batch = make_batch(arguments, request["steps"], request["widths"])
        model, trainer = build(arguments)
        send({"parameters": count_parameters(model)})
        turns = _Turns(batch, receive, send)
        try:
            trainer.do_train(model, {"train": turns, "valid": turns, "test": turns})
        except _Ended:
            send({})


def make_batch(arguments: Any, steps: list[int], widths: list[int]) -> dict[str, Any]:
    """Random sequences of full length, as its loader would give them; ``arguments`` learn their shapes.

    Where its loader averages audio and vision once and for all, a batch has their means alone.
    """
    text, audio, vision = (torch.randn(BATCH, t, w) for t, w in zip(steps, widths, strict=True))
    if arguments.get("need_normalized"):
        audio, vision = audio.mean(1, keepdim=True), vision.mean(1, keepdim=True)
    if arguments.get("use_bert"):
        use_text(np.random.randn(TEXT_ROWS, widths[0]).astype(np.float32))
        rows = torch.randint(0, TEXT_ROWS, (BATCH, steps[0])).float()
        text = torch.stack([rows, torch.ones_like(rows), torch.zeros_like(rows)], dim=1)
        widths = [768, *widths[1:]]
    arguments.update({"feature_dims": widths, "seq_lens": (steps[0], audio.shape[1], vision.shape[1])})
    return {"text": text, "audio": audio, "vision": vision, "labels": {"M": torch.randint(-15, 16, (BATCH, 1)) / 5}}


class _Turns:
    """What its loop takes for a loader: the same batch, whenever a step is asked for."""

    def __init__(self, batch: dict[str, Any], receive: Receive, send: Send) -> None:
        self._batch, self._receive, self._send = batch, receive, send
        self._left, self._right = torch.randn(CUBE, CUBE), torch.randn(CUBE, CUBE)

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while self._receive()["do"] == "step":
            started = time.process_time()
            yield self._batch
            taken = time.process_time() - started
            started = time.process_time()
            self._left @ self._right
            self._send({"step_s": taken, "product_s": time.process_time() - started})
        raise _Ended
