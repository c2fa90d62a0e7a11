"""What a method declares of itself, as reports read it: labels, components, terms of the loss, printed rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DeclaredComponent:
    """A component of a method: a boolean setting.

    Attributes:
        name, label: of the setting; for readers.
        description: one line for users; empty if there is none.
        is_default: whether the method has it unless a study says otherwise: the method as its authors have it.
    """

    name: str
    label: str
    description: str = ""
    is_default: bool = True


@dataclass(frozen=True)
class DeclaredTerm:
    """A term of the loss.

    Attributes:
        name: as training reports it.
        weights: settings whose product weighs it; empty: it counts as it is.
        description: one line for users; empty if there is none.
    """

    name: str
    weights: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class DeclaredMethod:
    """A method.

    Attributes:
        label: for readers.
        description: one sentence for users; empty if there is none.
        components: in the order of tables.
        losses: in the order of tables.
        kept_heads: the setting that keeps the heads of components that are off; empty if there is none.
        rows: the components that are on in each row of its printed ablation; empty if none is printed.
        source: where those rows are printed.
    """

    label: str
    description: str = ""
    components: tuple[DeclaredComponent, ...] = ()
    losses: tuple[DeclaredTerm, ...] = ()
    kept_heads: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    source: str = ""

    @property
    def component_labels(self) -> dict[str, str]:
        """Component -> its label, in the order of tables."""
        return {component.name: component.label for component in self.components}

    def has_defaults(self, toggles: Mapping[str, bool]) -> bool:
        """Whether these components are on and off as the method's authors have them; unknown ones count as on."""
        default = {component.name: component.is_default for component in self.components}
        return all(on is default.get(name, True) for name, on in toggles.items())
