"""The catalogue of methods and metrics that a search space is checked against; the hub hands it in.

``search_spaces`` knows no model. The hub describes every registered method as a :class:`MethodSchema`; loading checks
names, types and ranges against it and can name the nearest correct spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

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
class MethodSchema:
    """One method. A *full* set of settings has a value for each of ``settings``, defaults included.

    Attributes:
        name: of the registered method (``dmd``).
        settings: name -> setting.
        components: the boolean settings that an ablation may switch.
        presets: named sets of settings (``paper``).
        find_conflict: maps a full set of settings to a sentence saying why it is impossible, or None.
        inactive: maps a full set of settings to the names of those that have no effect under it (``lambda1`` without
            ``fd``): these are not searched.
        needs: maps a full set of settings to the modalities that the model cannot do without.
    """

    name: str
    settings: Mapping[str, SettingSchema]
    components: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    find_conflict: Callable[[Mapping[str, Value]], str | None] = lambda settings: None
    inactive: Callable[[Mapping[str, Value]], frozenset[str]] = lambda settings: frozenset()
    needs: Callable[[Mapping[str, Value]], frozenset[str]] = lambda settings: frozenset()


@dataclass(frozen=True)
class Catalogue:
    """All methods, and the metrics that the study's data will have (``mae``, ``corr``, ``acc7``, ...)."""

    methods: Mapping[str, MethodSchema]
    metrics: tuple[str, ...]
