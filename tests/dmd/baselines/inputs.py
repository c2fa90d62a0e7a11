"""What a method's module is given, of small random clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from dmd.declaration import ModelInput
from dmd.declaration.model_input import model_input
from dmd.modalities import MODALITIES, Modality
from tests.dmd.builders import make_batch, make_dims


def some_input(steps: Sequence[int] = (6, 7, 5), size: int = 6, seed: int = 0) -> ModelInput:
    """Random clips of random lengths, real steps first."""
    return model_input(make_batch(make_dims(steps=steps), size, seed))


def equal_lengths_input(size: int = 6, seed: int = 0) -> ModelInput:
    """The same with the same lengths, at most 6, in all modalities of a clip."""
    inputs = model_input(make_batch(make_dims(steps=(6, 6, 6)), size, seed, full=True))
    lengths = some_input((6, 6, 6), size, seed).lengths["language"]
    real = torch.arange(6) < lengths[:, None]
    features = {m: x * real.unsqueeze(-1) for m, x in inputs.features.items()}
    return replace(
        inputs, features=features, lengths=dict.fromkeys(MODALITIES, lengths), masks=dict.fromkeys(MODALITIES, real)
    )


def with_features(inputs: ModelInput, features: Mapping[Modality, Tensor]) -> ModelInput:
    """The same with other features of some modalities."""
    return replace(inputs, features={**inputs.features, **features})


def in_float64(inputs: ModelInput) -> ModelInput:
    """The same in double precision."""
    return with_features(inputs, {m: x.double() for m, x in inputs.features.items()})


@torch.no_grad()
def effect_of(part: str, model: nn.Module, inputs: ModelInput) -> float:
    """By how much predictions move at most where the part's weights are drawn anew; all weights of a trained size."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    before = prediction_of(model, inputs)
    for parameter in model.get_submodule(part).parameters():
        nn.init.normal_(parameter, std=0.5)
    return float((prediction_of(model, inputs) - before).abs().max())


def prediction_of(model: nn.Module, inputs: ModelInput) -> Tensor:
    """(B,), whether the module gives terms of its loss beside it or not."""
    answer = model(inputs)
    prediction: Tensor = answer[0] if isinstance(answer, tuple) else answer
    return prediction
