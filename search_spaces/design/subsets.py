"""Arms on subsets of modalities: the baseline's model, shown only some of the modalities."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces.design.components import DesignError
from search_spaces.design.settings import full_settings
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.problems import join_path, show, suggest
from search_spaces.terms.trial import MODALITIES, Value

SUBSET_SETTING = "modalities"
"""The setting that every method has: the modalities it is shown, as ``language+audio``."""


@dataclass(frozen=True)
class Subset:
    """Some of the modalities, not all and not none: what an arm sees, in the product's order."""

    seen: tuple[str, ...]

    @property
    def hidden(self) -> tuple[str, ...]:
        """What the arm does not see."""
        return tuple(m for m in MODALITIES if m not in self.seen)

    @property
    def value(self) -> str:
        """As the setting has it: ``language+audio``."""
        return "+".join(self.seen)

    @property
    def name(self) -> str:
        """``no-language`` where one modality is missing, ``only-language`` where one is left."""
        return f"no-{self.hidden[0]}" if len(self.hidden) == 1 else f"only-{self.seen[0]}"

    @property
    def label(self) -> str:
        """``w/o language``, ``language only``."""
        return f"w/o {self.hidden[0]}" if len(self.hidden) == 1 else f"{self.seen[0]} only"


def proper_subsets(available: Sequence[str] = MODALITIES) -> tuple[Subset, ...]:
    """The subsets of what the data have, pairs first: six of three modalities."""
    sizes = range(len(available) - 1, 0, -1)
    return tuple(Subset(seen) for size in sizes for seen in itertools.combinations(available, size))


def subset_of(value: Value) -> Subset:
    """The subset that a value of the setting spells."""
    return Subset(tuple(str(value).split("+")))


def design_subsets(
    method: MethodSchema,
    fixed: Mapping[str, Value],
    asked: str | Sequence[Sequence[str]],
    available: Sequence[str] = MODALITIES,
) -> tuple[Subset, ...]:
    """The subsets that ``arms.modalities`` asks for, in its order.

    Args:
        method: of the baseline.
        fixed: settings of the baseline.
        asked: the subsets by their modalities, or ``all`` for every proper one.
        available: the modalities that the data have.

    Raises:
        DesignError: for a word that is no modality, a subset that is no proper one or stands twice, or one that the
            model cannot run on.
    """
    wanted = read_subsets(asked, available, "modalities", "which is the baseline itself")
    for subset, path in wanted.items():
        conflict = method.find_conflict(full_settings(method, {**fixed, SUBSET_SETTING: subset.value}))
        if conflict:
            raise DesignError(path, f"{subset.value} is impossible: {conflict}; name the possible subsets")
    return tuple(wanted)


def read_subsets(
    asked: str | Sequence[Sequence[str]], available: Sequence[str], path: str, whole: str
) -> dict[Subset, str]:
    """The subsets that a list of the file names, each with its path, in the order of the file.

    Args:
        asked: the subsets by their modalities, or ``all`` for every proper one.
        available: the modalities that the data have.
        path: of the list.
        whole: why no entry may have every modality, as a clause.

    Raises:
        DesignError: for a word that is no modality, and a subset that is no proper one or stands twice.
    """
    if isinstance(asked, str):
        return dict.fromkeys(proper_subsets(available), path)
    wanted: dict[Subset, str] = {}
    for i, names in enumerate(asked):
        place = join_path(path, i)
        subset = _read(names, available, place, whole)
        if subset in wanted:
            raise DesignError(place, f"{subset.value} stands twice; keep one")
        wanted[subset] = place
    return wanted


def _read(names: Sequence[str], available: Sequence[str], path: str, whole: str) -> Subset:
    for name in names:
        if name not in MODALITIES:
            raise DesignError(path, f"unknown modality {show(name)}; {suggest(name, MODALITIES)}")
        if name not in available:
            raise DesignError(path, f"needs {name}, which data.modalities leaves out; name others")
    if len(names) == len(available):
        raise DesignError(path, f"has every modality, {whole}; leave one out")
    return Subset(tuple(m for m in MODALITIES if m in names))
