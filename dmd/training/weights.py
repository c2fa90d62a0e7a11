"""The weights of a finished trial as a file, with all that predictions on other data need; data, never a program.

One dictionary that ``torch.load(path, weights_only=True)`` reads::

    version            1
    method, settings   the method's name, and every setting with its value
    state              the state dict of the model at its best epoch
    standardiser       {"mean": {modality: (D_m,)}, "std": {modality: (D_m,)}} of the training part
    target             {"kind", "names"}: what is predicted (:mod:`dmd.data.samples.target`); absent: one number
    label_scale        {"low", "high", "neutral"} of the labels
    label_unit         {"neutral", "size"}: label = neutral + size * what the model answers
    modalities         those that the data had
    widths, max_steps  modality -> D_m, T_m that the model was built for
    sides              modality -> where the real steps stand, ``start`` or ``end``
    seed, best_epoch   of the training
    provenance         {"code", "torch", "plugin"}: digest of the package, version of torch, digest of the file that
                       declares the method; empty where that is the package
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from dmd.data.samples.arrays import FloatArray, Side
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.standardise import Standardiser
from dmd.data.samples.target import KINDS, Target
from dmd.errors import DataError
from dmd.job import Setting
from dmd.modalities import MODALITIES, Modality
from dmd.training.checkpoint import load_stored, reason_of
from dmd.training.label_units import label_unit

VERSION = 1
MOST_STEPS = 1_000_000
"""A file that claims longer sequences is refused before a model is built for them."""


@dataclass(frozen=True, kw_only=True)
class TrainedWeights:
    """A trained model as stored.

    Attributes:
        method: name of a registered method.
        settings: every setting, defaults included.
        state: of the model at its best epoch.
        standardiser: of its training part.
        target: what is predicted.
        modalities: those that its data had.
        widths: modality -> D_m.
        max_steps: modality -> T_m.
        sides: modality -> where the real steps stand.
        seed: of the training.
        best_epoch: from 1.
        provenance: ``code``, ``torch`` and ``plugin``.
    """

    method: str
    settings: Mapping[str, Setting]
    state: Mapping[str, Tensor]
    standardiser: Standardiser
    target: Target
    modalities: tuple[Modality, ...]
    widths: Mapping[Modality, int]
    max_steps: Mapping[Modality, int]
    sides: Mapping[Modality, Side]
    seed: int
    best_epoch: int
    provenance: Mapping[str, str]


class WeightsRefused(DataError):
    """A file that holds no weights of this program, damaged or hostile; the message is one line."""


def encode_weights(weights: TrainedWeights) -> memoryview:
    """The content of the file."""
    moments, unit = weights.standardiser, label_unit(weights.target)
    content = {
        "version": VERSION,
        "method": weights.method,
        "settings": dict(weights.settings),
        "state": {name: value.detach().cpu() for name, value in weights.state.items()},
        "standardiser": {"mean": _as_tensors(moments.mean), "std": _as_tensors(moments.std)},
        "target": {"kind": weights.target.kind, "names": list(weights.target.names)},
        "label_scale": asdict(weights.target.scale),
        "label_unit": {"neutral": unit.neutral, "size": unit.size},
        "modalities": list(weights.modalities),
        "widths": dict(weights.widths),
        "max_steps": dict(weights.max_steps),
        "sides": dict(weights.sides),
        "seed": weights.seed,
        "best_epoch": weights.best_epoch,
        "provenance": {"code": "", "torch": str(torch.__version__), "plugin": "", **weights.provenance},
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getbuffer()


def decode_weights(content: bytes, source: str) -> TrainedWeights:
    """What :func:`encode_weights` was given. Nothing in the file is executed.

    Args:
        content: of the file.
        source: name of the file, for messages.

    Raises:
        WeightsRefused: for anything else.
    """
    try:
        return _checked(load_stored(content))
    except Exception as error:  # a damaged or hostile file raises whatever its bytes happen to hit
        raise WeightsRefused(
            f"{source}: no weights of this program ({reason_of(error)}); nothing was executed"
        ) from error


def _checked(stored: Any) -> TrainedWeights:
    if not isinstance(stored, dict) or stored.get("version") != VERSION:
        raise ValueError("it is none, or of another version")
    widths, max_steps = (_counts(stored[name]) for name in ("widths", "max_steps"))
    moments = {name: _moments(stored["standardiser"][name], widths) for name in ("mean", "std")}
    if moments["mean"].keys() != moments["std"].keys():
        raise ValueError("its standardiser has means and deviations of different modalities")
    return TrainedWeights(
        method=_typed(stored["method"], str),
        settings={_typed(name, str): _typed(value, get_args(Setting)) for name, value in stored["settings"].items()},
        state={_typed(name, str): _typed(value, Tensor) for name, value in stored["state"].items()},
        standardiser=Standardiser(**moments),
        target=_target(stored),
        modalities=tuple(m for m in MODALITIES if m in stored["modalities"]),
        widths=widths,
        max_steps=max_steps,
        sides={m: _one_of(stored["sides"][m], get_args(Side)) for m in MODALITIES},
        seed=_typed(stored["seed"], int),
        best_epoch=_typed(stored["best_epoch"], int),
        provenance={_typed(name, str): _typed(value, str) for name, value in stored["provenance"].items()},
    )


def _target(stored: Mapping[str, Any]) -> Target:
    said = stored.get("target", {"kind": "regression", "names": []})
    names = tuple(_typed(name, str) for name in said["names"])
    scale = LabelScale(**{name: float(stored["label_scale"][name]) for name in ("low", "high", "neutral")})
    return Target(_one_of(said["kind"], KINDS), names, scale)


def _typed(value: Any, kinds: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kinds):
        raise ValueError(f"it has a {type(value).__name__} where none belongs")
    return value


def _one_of(value: Any, options: tuple[Any, ...]) -> Any:
    if value not in options:
        raise ValueError(f"it says {value!r} where {' or '.join(map(str, options))} belongs")
    return value


def _counts(stored: Mapping[str, Any]) -> dict[Modality, int]:
    counts: dict[Modality, int] = {m: _typed(stored[m], int) for m in MODALITIES}
    if not all(1 <= count <= MOST_STEPS for count in counts.values()):
        raise ValueError(f"its widths and steps are not between 1 and {MOST_STEPS}")
    return counts


def _moments(stored: Mapping[str, Any], widths: Mapping[Modality, int]) -> dict[Modality, FloatArray]:
    moments: dict[Modality, FloatArray] = {m: _typed(stored[m], Tensor).numpy() for m in MODALITIES if m in stored}
    if any(values.shape != (widths[m],) or values.dtype != np.float32 for m, values in moments.items()):
        raise ValueError("its standardiser does not fit its widths")
    return moments


def _as_tensors(moments: Mapping[Modality, FloatArray]) -> dict[Modality, Tensor]:
    return {modality: torch.from_numpy(values) for modality, values in moments.items()}
