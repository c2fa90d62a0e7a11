"""The authors' code (mdswyz/DMD), as it lies in a checkout that the user brings. Nothing of it is copied or changed.

What it takes to run it on a CPU and with today's torch: stand-ins for two libraries that are imported and not needed
(transformers, where features take BERT's place, and pynvml, which looks for GPUs); ``.cuda()`` on tensors of losses and
GD-Units left out; so is the scheduler's argument ``verbose``, which is gone; torch 1.9's cosine-embedding loss on three
axes, which ran along the second one, here the batch, and is refused now; no progress bars; and in place of a checkpoint
of every epoch in ``./pt`` the best one, in memory.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from dmd.errors import InputError

BEST = "dmd.pth"
"""What their trainer calls the weights of the epoch with the lowest validation loss."""
NOT_NEEDED = {"transformers": ("BertModel", "BertTokenizer", "RobertaModel", "RobertaTokenizer"), "pynvml": ()}
EPSILON = 1e-12
"""Added to both squared norms in torch 1.9's cosine-embedding loss."""


@dataclass(frozen=True)
class Checkout:
    """model, homo_unit, hetero_unit: networks. trainer: the module of their loop. settings: published, of MOSI."""

    model: type[nn.Module]
    homo_unit: type[nn.Module]
    hetero_unit: type[nn.Module]
    trainer: ModuleType
    settings: Mapping[str, Any]


def load_checkout(path: Path) -> Checkout:
    """Import the authors' modules from ``path``. Raises InputError where it is no checkout of their repository."""
    config = path / "config" / "config.json"
    if not (path / "trains" / "singleTask" / "model" / "dmd.py").is_file() or not config.is_file():
        raise InputError(
            f"--checkout {path}: no checkout of mdswyz/DMD (trains/singleTask/model/dmd.py or config/config.json is "
            "missing); clone their repository and name its folder"
        )
    try:
        return _import_all(path, json.loads(config.read_text(encoding="utf-8"))["dmd"])
    except ImportError as error:
        raise InputError(f"--checkout {path}: its code cannot be imported: {error}; install what it names") from error


def _import_all(path: Path, published: Any) -> Checkout:
    with patch.object(sys, "path", [str(path), *sys.path]), _stand_ins():
        return Checkout(
            model=importlib.import_module("trains.singleTask.model.dmd").DMD,
            homo_unit=_unit("get_distillation_kernel_homo"),
            hetero_unit=_unit("get_distillation_kernel"),
            trainer=importlib.import_module("trains.singleTask.DMD"),
            settings=published["commonParams"] | published["datasetParams"]["mosi"],
        )


def _unit(name: str) -> type[nn.Module]:
    found: type[nn.Module] = importlib.import_module(f"trains.singleTask.distillnets.{name}").DistillationKernel
    return found


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """For what is imported and not used; a library that is loaded already stays what it is."""
    modules: Any = {name: SimpleNamespace(**dict.fromkeys(names)) for name, names in NOT_NEEDED.items()}
    missing = modules.keys() - sys.modules.keys()
    sys.modules.update({name: modules[name] for name in missing})
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


@contextlib.contextmanager
def made_to_run(checkout: Checkout) -> Iterator[dict[str, Tensor]]:
    """Meanwhile their code runs here. Gives the weights that it saved as its best last."""
    best: dict[str, Tensor] = {}

    def save(state: Mapping[str, Tensor], file: str) -> None:
        if Path(file).name == BEST:
            best.update({name: value.clone() for name, value in state.items()})

    def schedule(*args: Any, verbose: bool = False, **named: Any) -> Any:
        return torch.optim.lr_scheduler.ReduceLROnPlateau(*args, **named)

    with (
        warnings.catch_warnings(action="ignore"),  # of what today's torch would do otherwise
        patch.object(torch.Tensor, "cuda", lambda x, *args, **named: x),
        patch.object(torch, "save", save),
        patch.object(checkout.trainer, "ReduceLROnPlateau", schedule),
        patch.object(checkout.trainer, "tqdm", contextlib.nullcontext),
    ):
        yield best


class CosineAlongBatch(nn.Module):
    """torch 1.9's cosine-embedding loss with target -1 of (T, B, d): the cosine runs along the second axis."""

    def forward(self, first: Tensor, second: Tensor, target: Tensor) -> Tensor:
        dot = (first * second).sum(1)
        norms = ((first * first).sum(1) + EPSILON) * ((second * second).sum(1) + EPSILON)
        return (dot / norms.sqrt()).clamp(min=0).mean()
