"""One training of one of MMSA's methods, by its own loader and loop."""

from __future__ import annotations

import importlib
import math
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peer_mmsa.worker.conversion import convert
from benchmarks.peer_mmsa.worker.models import build, configure, count_parameters, predict, use_text


def train(request: dict[str, Any]) -> dict[str, Any]:
    """Predictions of the test part, in the order of the data.

    Args:
        request: ``method``, ``side``, ``seed``, ``parts`` (see :func:`convert`) and ``changes`` to the configuration.

    Raises:
        RuntimeError: no epoch was better than none.
    """
    started = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        weights, pickle = Path(scratch) / "best.pth", Path(scratch) / "data.pkl"
        use_text(convert(Path(request["parts"]), pickle, request["side"]))
        changes = {"custom_feature": str(pickle), **request["changes"]}
        arguments = configure(request["method"], weights, changes)
        loaders = importlib.import_module("MMSA.data_loader").MMDataLoader(arguments, 0)
        arguments["train_samples"] = len(loaders["train"].dataset)
        seed_all(request["seed"])
        model, trainer = build(arguments)
        trainer.do_train(model, loaders)
        if not weights.exists():
            raise RuntimeError("its training diverged: no epoch was kept")
        model.load_state_dict(torch.load(weights))
        found = {part: predict(request["method"], model, _whole(loaders[part])) for part in ("valid", "test")}
        truth = loaders["valid"].dataset.labels["M"]
    if not all(map(math.isfinite, found["test"])):
        raise RuntimeError("its predictions are not finite")
    return {
        "predictions": found["test"],
        "valid_mae": float(np.abs(np.array(found["valid"]) - truth).mean()),
        "parameters": count_parameters(model),
        "cpu_s": time.process_time() - started,
    }


def seed_all(seed: int) -> None:
    """The generators that its loops draw from."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def _whole(loader: Any) -> Any:
    """Its shuffling loader's data in their own order, as one batch."""
    data = loader.dataset
    return next(iter(torch.utils.data.DataLoader(data, batch_size=len(data))))
