"""The catalogue of methods and metrics that a search space is checked against; the hub hands it in.

``search_spaces`` knows no model. The hub describes every registered method as a :class:`MethodSchema`; loading checks
names, types and ranges against it and can name the nearest correct spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from search_spaces.terms.trial import Value

SettingKind = Literal["bool", "int", "float", "choice", "text"]


@dataclass(frozen=True)
class SettingSchema:
    """One setting of a method.

    Attributes:
        name: dotted, as users write it (``gd.prior``).
        kind: type of its values.
        default: the method's own.
        find_problem: maps a value to the rule that it breaks, in words (``must be at least 1``), or None. The rules are
            the method's; bounds and choices below only describe them for editors and messages.
        low, high: bounds, inclusive; None: unbounded.
        low_exclusive: whether ``low`` itself is excluded.
        choices: of kind ``choice``; empty for other kinds.
        description: for editors.
    """

    name: str
    kind: SettingKind
    default: Value
    find_problem: Callable[[object], str | None]
    low: float | None = None
    high: float | None = None
    low_exclusive: bool = False
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class ComponentSchema:
    """A boolean setting that an ablation may switch.

    Attributes:
        name: of that setting.
        label: for readers; empty: the name.
        description: one line for users.
    """

    name: str
    label: str = ""
    description: str = ""


@dataclass(frozen=True)
class PublishedSchema:
    """A printed ablation table: the design ``published``.

    Attributes:
        rows: the components that are on in each row, in the order of print; the first has all that the table is about.
        edges: pairs of rows, by index, that the table is read by (with a component, without it); empty: every pair that
            differs in one component.
        source: where it is printed.
    """

    rows: tuple[tuple[str, ...], ...]
    edges: tuple[tuple[int, int], ...] = ()
    source: str = ""


@dataclass(frozen=True)
class KeptHeadsSchema:
    """A boolean setting that leaves in place the supervised heads of a component that is off.

    Attributes:
        setting: its name.
        components: that have heads.
        effect: what the component adds to their supervision, for readers (``distillation``).
    """

    setting: str
    components: tuple[str, ...]
    effect: str = "effect"


@dataclass(frozen=True)
class MethodSchema:
    """One method. A *full* set of settings has a value for each of ``settings``, defaults included.

    Attributes:
        name: of the registered method.
        settings: name -> setting.
        components: what an ablation may switch.
        presets: named sets of settings (``paper``).
        find_conflict: maps a full set of settings to a sentence saying why it is impossible, or None.
        inactive: maps a full set of settings to the names of those that have no effect under it (the weight of a loss
            whose component is off): these are not searched.
        needs: maps a full set of settings to the modalities that the model cannot do without.
        label: for readers; empty: the name.
        description: one sentence for users.
        published: the printed ablation of the method, if there is one.
        kept_heads: the setting that keeps the heads of components that are off, if there is one.
        search: setting -> where a search looks by default, in the form that a file has it.
    """

    name: str
    settings: Mapping[str, SettingSchema]
    components: tuple[ComponentSchema, ...] = ()
    presets: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    find_conflict: Callable[[Mapping[str, Value]], str | None] = lambda settings: None
    inactive: Callable[[Mapping[str, Value]], frozenset[str]] = lambda settings: frozenset()
    needs: Callable[[Mapping[str, Value]], frozenset[str]] = lambda settings: frozenset()
    label: str = ""
    description: str = ""
    published: PublishedSchema | None = None
    kept_heads: KeptHeadsSchema | None = None
    search: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def component_names(self) -> tuple[str, ...]:
        """The boolean settings that an ablation may switch."""
        return tuple(component.name for component in self.components)

    def component_label(self, name: str) -> str:
        """What readers see of the component of that name."""
        return next((component.label for component in self.components if component.name == name), "") or name


@dataclass(frozen=True)
class Catalogue:
    """All methods, and the metrics that data may have.

    Attributes:
        methods: by name.
        metrics: ``mae``, ``corr``, ``acc7``, ``macro_f1``, ...
        metric_families: what metrics begin with that end in a name of the data's target (``f1_``).
        explain: maps a name that is no method to what else it is, as a clause (``it is a preset of recurrent; write
            ...``); empty where that is not known.
    """

    methods: Mapping[str, MethodSchema]
    metrics: tuple[str, ...]
    metric_families: tuple[str, ...] = ()
    explain: Callable[[str], str] = lambda name: ""

    def may_have(self, metric: str) -> bool:
        """Whether some data have the metric."""
        return metric in self.metrics or any(
            metric.startswith(family) and metric != family for family in self.metric_families
        )
