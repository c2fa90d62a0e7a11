"""Effect proofs on a trained model: every part and every modality that is there must move a prediction.

A part may be built, counted and even given gradients, and still have no effect (a graph whose efficacies have vanished,
a branch that is multiplied by zero). Parameter counts do not show it; drawing its weights anew does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from dmd.data.dataset.batches import Batch
from dmd.declaration.component import Component
from dmd.dropout import no_dropout
from dmd.job import Setting
from dmd.models.model import Model
from dmd.models.plain_module import module_of
from dmd.random_streams import torch_generator
from dmd.training.label_units import LabelUnit
from dmd.training.modalities_read import modalities_read

NUM_ROWS = 64


def find_effects(
    model: Model,
    components: tuple[Component, ...],
    settings: Mapping[str, Setting],
    part: Batch,
    seed: int,
    unit: LabelUnit,
) -> dict[str, float]:
    """The largest change of a prediction by each part and modality, in the unit of the labels, or of a probability.

    Args:
        model: trained.
        components: of its method; those that are off, or that are loss terms alone, are left out.
        settings: full settings of the method.
        part: samples that the model was not trained on; the first ones are used.
        seed: of the weights that are drawn.
        unit: from what the model gives to kept predictions.

    Returns:
        ``component/<name>`` and ``modality/<name>`` -> max |change|.
    """
    model.eval()
    batch = replace(part.take(slice(0, NUM_ROWS)), labels=None)
    effects = {}
    with torch.no_grad():
        before = unit.read(model(batch, no_dropout).prediction)

        def change(changed: Batch) -> float:
            after = unit.read(model(changed, no_dropout).prediction)
            return float((after - before).abs().max()) * unit.size

        for modality in modalities_read(model, batch):
            features = {**batch.features, modality: torch.zeros_like(batch.features[modality])}
            effects[f"modality/{modality}"] = change(replace(batch, features=features))
        for component in components:
            parts = _parts(model, component) if settings.get(component.name) else []
            if parts:
                with _drawn_anew(parts, seed):
                    effects[f"component/{component.name}"] = change(batch)
    return effects


def _parts(model: Model, component: Component) -> list[nn.Parameter]:
    """The parameters of a component's parts, as far as they are built."""
    return [
        parameter
        for name, parameter in module_of(model).named_parameters()
        if any(name == part or name.startswith(f"{part}.") for part in component.parts)
    ]


@contextmanager
def _drawn_anew(parameters: list[nn.Parameter], seed: int) -> Iterator[None]:
    """Weights of the same size, drawn from a normal distribution, while this lasts."""
    kept = [parameter.clone() for parameter in parameters]
    try:
        for index, parameter in enumerate(parameters):
            noise = torch.randn(parameter.shape, generator=torch_generator(seed, "effects", index))
            parameter.copy_(noise.to(parameter) * _size(parameter))
        yield
    finally:
        for parameter, before in zip(parameters, kept, strict=True):
            parameter.copy_(before)


def _size(parameter: Tensor) -> float:
    """The root mean square of the weights; 1 of those that are all zero."""
    return float(parameter.square().mean().sqrt()) or 1.0
