"""The training that MMSA 2.2.1 publishes its hyperparameters for."""

from __future__ import annotations

from dmd.job import Setting


def mmsa_training(batch_size: int, learning_rate: float, weight_decay: float = 0.0) -> dict[str, Setting]:
    """Adam without clipping or schedule, until validation has not improved for eight epochs."""
    return {
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "patience": 8,
        "max_epochs": 200,
        "clip.kind": "none",
        "plateau.patience": 200,
    }
