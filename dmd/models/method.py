"""How a method is declared: one value per method, read by the registry, the search space and the reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dmd.data.dataset.input_config import visible_modalities
from dmd.job import Setting
from dmd.modalities import Modality
from dmd.models.model import Dims, Model


def _no_conflict(settings: Mapping[str, Setting]) -> str | None:
    return None


def needs_no_modality(settings: Mapping[str, Setting]) -> frozenset[Modality]:
    """Of a method to which a missing modality is some columns of zeros, without effect."""
    return frozenset()


def _all_active(settings: Mapping[str, Setting]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Method:
    """One method under comparison.

    Attributes:
        name: as users write it.
        config: frozen dataclass of its settings (:mod:`dmd.settings`).
        build: makes a model of a config and shapes; initial values are set afterwards, by parameter name.
        components: boolean settings that an ablation switches.
        presets: name -> settings.
        training: the method's own defaults of training settings (:class:`dmd.training.config.TrainingConfig`).
        find_conflict: says why settings cannot run together, or None.
        inactive: names the settings that have no effect under the others.
        needs: names the modalities that the model of these settings cannot do without; by default all that it is shown.
    """

    name: str
    config: type
    build: Callable[[Any, Dims], Model]
    components: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    training: Mapping[str, Setting] = field(default_factory=dict)
    find_conflict: Callable[[Mapping[str, Setting]], str | None] = _no_conflict
    inactive: Callable[[Mapping[str, Setting]], frozenset[str]] = _all_active
    needs: Callable[[Mapping[str, Setting]], frozenset[Modality]] = visible_modalities
