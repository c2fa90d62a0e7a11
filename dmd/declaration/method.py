"""How a method is declared: one value per method, read by the registry, the search space and the reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from dmd.data.dataset.input_config import visible_modalities
from dmd.data.samples.target import Target
from dmd.declaration.component import Component, KeptHeads, LossTerm, Phase, PublishedRows, find_component_conflict
from dmd.declaration.dims import Dims
from dmd.job import Setting
from dmd.modalities import Modality


def _no_conflict(settings: Mapping[str, Setting]) -> str | None:
    return None


def _any_target(target: Target) -> str | None:
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
        settings: frozen dataclass of its settings, made with :func:`dmd.settings.setting`.
        build: makes a model of settings and shapes. A :class:`torch.nn.Module` of any kind: its ``forward`` is given a
            :class:`~dmd.declaration.model_input.ModelInput` and returns the prediction, (B,) or (B, K) as
            ``dims.num_outputs`` says, or the prediction and the loss terms by name, each () or (B,). The loop adds them
            to the error of the task, weighed as ``losses`` says; a term ``task`` replaces that error. PyTorch's
            generators are seeded while it is built and in every step.
        label: for readers (``MulT``); empty: the name.
        description: one sentence on what the method is, and where it comes from.
        components: boolean settings that an ablation switches.
        losses: the terms of the loss, in the order of the tables.
        published: the printed ablation of the method, if there is one.
        kept_heads: a setting that keeps the heads of components that are off, if there is one.
        presets: name -> settings.
        training: the method's own defaults of training and input settings.
        search: setting -> where a search looks by default, as YAML has it (``{"log_uniform": [1e-4, 1e-2]}``).
        phases: the turns of a training step; empty: one, in which one optimiser trains everything.
        smallest_batch: rows that a training step needs; fewer left over at the end of an epoch join the batch before.
        find_conflict: says why settings cannot run together beyond the components' own needs, or None.
        find_target_conflict: says why the method cannot be trained for a target, or None; asked before a study starts.
        inactive: names the settings that have no effect under the others.
        needs: names the modalities that the model of these settings cannot do without; by default all that it is shown.
        origin: the user's file that declares the method; empty for the package's own. Set when the file is read.
        revision: counts the times that the numbers of a method of the package have changed while those of the others
            stood; part of what decides a result.
        digest: of that file's content, part of what decides a result; empty for the package's own.
    """

    name: str
    settings: type
    build: Callable[[Any, Dims], nn.Module]
    label: str = ""
    description: str = ""
    components: tuple[Component, ...] = ()
    losses: tuple[LossTerm, ...] = ()
    published: PublishedRows | None = None
    kept_heads: KeptHeads | None = None
    presets: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    training: Mapping[str, Setting] = field(default_factory=dict)
    search: Mapping[str, Mapping[str, Sequence[Setting]]] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    smallest_batch: int = 1
    find_conflict: Callable[[Mapping[str, Setting]], str | None] = _no_conflict
    find_target_conflict: Callable[[Target], str | None] = _any_target
    inactive: Callable[[Mapping[str, Setting]], frozenset[str]] = _all_active
    needs: Callable[[Mapping[str, Setting]], frozenset[Modality]] = visible_modalities
    revision: int = 0
    origin: str = ""
    digest: str = ""

    @property
    def shown(self) -> str:
        """What readers see."""
        return self.label or self.name

    @property
    def is_plain(self) -> bool:
        """Whether the model is any PyTorch module, and not one that is written for the training loop itself."""
        return not getattr(self.build, "is_native", False)

    @property
    def defaults(self) -> Mapping[str, Setting]:
        """The method's own defaults of training and input settings.

        A plain module finds real steps first, as PyTorch's packed sequences want them.
        """
        return {"align": "start", **self.training} if self.is_plain else self.training

    @property
    def component_names(self) -> tuple[str, ...]:
        """The boolean settings that an ablation switches."""
        return tuple(component.name for component in self.components)

    def conflict(self, settings: Mapping[str, Setting]) -> str | None:
        """Why these full settings cannot run together, every reason, or None."""
        found = (find_component_conflict(self.components, settings), self.find_conflict(settings))
        return "; ".join(reason for reason in found if reason) or None
