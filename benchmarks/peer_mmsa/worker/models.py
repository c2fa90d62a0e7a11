"""MMSA's model and trainer of one method at its published configuration for MOSI."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.peer_mmsa.worker.shims import BERT_WIDTH, FrozenText


def configure(name: str, weights: Path, changes: Mapping[str, Any]) -> Any:
    """Its arguments.

    Args:
        name: of the method, as MMSA writes it.
        weights: file that the best epoch's are kept in.
        changes: to what is published.
    """
    arguments = importlib.import_module("MMSA.config").get_config_regression(name, "mosi")
    arguments.update(
        {"device": torch.device("cpu"), "train_mode": "regression", "cur_seed": 1, "model_save_path": weights}
    )
    arguments.update({"feature_T": "", "feature_A": "", "feature_V": ""})
    arguments.update(changes)
    return arguments


def build(arguments: Any) -> tuple[Any, Any]:
    """Model and trainer. ``arguments`` must have the widths and lengths of the data."""
    if arguments["model_name"] == "mctn":
        arguments.update({"output_dim": arguments["feature_dims"][0], "max_seq_len": arguments["seq_lens"][0]})
    model = importlib.import_module("MMSA.models").AMIO(arguments)
    trainer = importlib.import_module("MMSA.trains").ATIO().getTrain(arguments)
    return model, trainer


def use_text(table: npt.NDArray[np.float32]) -> None:
    """What stands in for BERT gives these rows, zeros behind them."""
    wide = torch.zeros(len(table), max(BERT_WIDTH, table.shape[1]))
    wide[:, : table.shape[1]] = torch.from_numpy(table)
    FrozenText.table = wide


def count_parameters(model: Any) -> int:
    """Trainable scalars."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


READ: Mapping[str, Callable[[Any], Any]] = {"mfm": lambda answer: answer[0], "mctn": lambda answer: answer[1]}
"""Where the prediction is in what these models answer; others have it under ``M``."""


def predict(name: str, model: Any, batch: Mapping[str, Any]) -> list[float]:
    """Of the whole batch at once."""
    more = {"tar": torch.zeros(len(batch["text"]), 1), "lengths": None} if name == "mctn" else {}
    model.eval()
    with torch.no_grad():
        answer = model(batch["text"], batch["audio"], batch["vision"], **more)
    found: list[float] = READ.get(name, lambda outputs: outputs["M"])(answer).reshape(-1).tolist()
    return found
