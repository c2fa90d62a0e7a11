"""What the methods of a study's arms declare: components with labels, terms of the loss with weights."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from reports.records.declared import DeclaredMethod, DeclaredTerm
from reports.records.study_description import ArmDescription, StudyDescription
from reports.text.csv_table import Table
from reports.text.markdown_table import Grid
from reports.text.rounding import ABSENT, compact

SEARCHED = "searched"


@dataclass(frozen=True)
class WeighedTerm:
    """A term of a method's loss.

    Attributes:
        method: its label.
        arm: the first one of the method, whose settings weigh the term.
        term: as declared.
        weight: the factor on it; None where a search chose it or a setting was not recorded.
        is_searched: whether a search chose it.
    """

    method: str
    arm: str
    term: DeclaredTerm
    weight: float | None
    is_searched: bool


def weigh_terms(study: StudyDescription, tuned: Mapping[str, Collection[str]]) -> tuple[WeighedTerm, ...]:
    """The terms of every method whose loss has several, weighed as in its first arm.

    Args:
        study: as trained.
        tuned: arm -> the settings that a search chose for it; of an arm that is not in it, whatever is searched.
    """
    asked = frozenset(study.search.get("parameters") or ())
    return tuple(
        _weigh(tuned.get(arm.name, asked), arm, method, term)
        for arm, method in _methods(study)
        if len(method.losses) > 1
        for term in method.losses
    )


def loss_grid(terms: tuple[WeighedTerm, ...]) -> Grid | None:
    """A row per term; None without any."""
    rows = tuple(
        (
            found.method,
            found.term.name,
            " x ".join(found.term.weights) or ABSENT,
            SEARCHED if found.is_searched else ABSENT if found.weight is None else compact(found.weight),
            found.term.description,
        )
        for found in terms
    )
    return Grid(("Method", "Term", "Weighed by", "Weight", "What it is"), "lllrl", rows) if rows else None


def loss_table(terms: tuple[WeighedTerm, ...]) -> Table:
    """The same as CSV, with the arm whose settings weigh a term."""
    rows = tuple(
        (f.method, f.arm, f.term.name, " x ".join(f.term.weights), f.weight, f.is_searched, f.term.description)
        for f in terms
    )
    return Table("losses", ("method", "arm", "term", "weighed_by", "weight", "is_searched", "description"), rows)


def component_table(study: StudyDescription) -> Table:
    """The label of every component, for the tables whose headings are names of settings."""
    rows = tuple(
        (arm.model, method.label, part.name, part.label, part.is_default, part.description)
        for arm, method in _methods(study)
        for part in method.components
    )
    return Table("components", ("method", "method_label", "component", "label", "is_default", "description"), rows)


def _methods(study: StudyDescription) -> Iterator[tuple[ArmDescription, DeclaredMethod]]:
    """The first arm of each method, with what the method declares."""
    first: dict[str, ArmDescription] = {}
    for arm in study.arms:
        first.setdefault(arm.model, arm)
    return ((arm, study.method(name)) for name, arm in first.items())


def _weigh(tuned: Collection[str], arm: ArmDescription, method: DeclaredMethod, term: DeclaredTerm) -> WeighedTerm:
    is_searched = not set(term.weights).isdisjoint(tuned)
    factor: float | None = 1.0
    for name in term.weights:
        value = arm.settings.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        factor = factor * float(value) if factor is not None and value is not None and is_number else None
    return WeighedTerm(
        method=method.label, arm=arm.name, term=term, weight=None if is_searched else factor, is_searched=is_searched
    )
