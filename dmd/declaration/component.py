"""The parts of a declaration: components, loss terms, published rows, phases of a training step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """A part of a model that an ablation switches: a boolean setting of the method.

    Attributes:
        name: of that setting.
        label: for readers (``HomoGD``); empty: the name.
        needs: components that must all be on with it.
        needs_any: components of which at least one must be on with it.
        because: why it cannot do without them, for the message that refuses a combination.
        parts: submodules that are there for it, by dotted name, as :meth:`torch.nn.Module.named_modules` has them;
            drawing their weights anew must move the predictions of a trained model. Empty where it is loss terms alone.
        description: one line for users.
    """

    name: str
    label: str = ""
    needs: tuple[str, ...] = ()
    needs_any: tuple[str, ...] = ()
    because: str = ""
    parts: tuple[str, ...] = ()
    description: str = ""

    @property
    def shown(self) -> str:
        """What readers see."""
        return self.label or self.name

    def find_conflict(self, toggles: Mapping[str, object]) -> str | None:
        """Why the component cannot be on under these toggles, or None; components that are not named are off."""
        if not toggles.get(self.name):
            return None
        missing = [name for name in self.needs if not toggles.get(name)]
        if self.needs_any and not any(toggles.get(name) for name in self.needs_any):
            missing.append(" or ".join(self.needs_any))
        if not missing:
            return None
        return f"{self.name} needs {' and '.join(missing)}{f': {self.because}' if self.because else ''}"


@dataclass(frozen=True)
class LossTerm:
    """A named term of the loss.

    Attributes:
        name: as the model returns it.
        weights: settings whose product weighs it; empty: it counts as it is.
        description: one line for users.
    """

    name: str
    weights: tuple[str, ...] = ()
    description: str = ""

    def weight(self, settings: Mapping[str, object]) -> float:
        """The factor on this term under full settings of the method."""
        factor = 1.0
        for name in self.weights:
            factor *= float(settings[name])  # type: ignore[arg-type]
        return factor


@dataclass(frozen=True)
class PublishedRows:
    """A printed ablation table of the method: the design ``published``.

    Attributes:
        rows: the components that are on in each row, in the order of print; the first has all of them.
        edges: pairs of rows, by index, that the table is read by (with a component, without it); empty: every pair of
            rows that differs in one component.
        source: where it is printed.
    """

    rows: tuple[tuple[str, ...], ...]
    edges: tuple[tuple[int, int], ...] = ()
    source: str = ""


@dataclass(frozen=True)
class KeptHeads:
    """A setting that leaves in place the supervised heads of a component that is off: supervision without its effect.

    The published design takes the full model without each of ``components`` once more with the setting on, so that an
    edge can be told as the sum of supervision and of what the component does with it.

    Attributes:
        setting: boolean, of the method.
        components: that have heads.
        effect: what the component adds to them, for readers (``distillation``).
    """

    setting: str
    components: tuple[str, ...]
    effect: str = "effect"


@dataclass(frozen=True)
class Phase:
    """One optimiser's turn in every training step; a model with several takes its turns in the order declared.

    Attributes:
        name: :attr:`~dmd.declaration.model_input.ModelInput.phase` of its forward passes.
        parameters: beginnings of the names of the parameters that it trains; empty: all of them.
        learning_rate: factor on the setting of that name.
    """

    name: str
    parameters: tuple[str, ...] = ()
    learning_rate: float = 1.0

    def trains(self, parameter: str) -> bool:
        """Whether the parameter of that dotted name is this phase's."""
        return not self.parameters or any(
            parameter == prefix or parameter.startswith(f"{prefix}.") for prefix in self.parameters
        )


def find_component_conflict(components: Sequence[Component], toggles: Mapping[str, object]) -> str | None:
    """Why these components cannot be on together, every reason, or None."""
    found = [conflict for component in components if (conflict := component.find_conflict(toggles))]
    return "; ".join(found) or None
