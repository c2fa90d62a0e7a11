"""Names that are no methods and yet known: presets, components, labels of methods, arms of packaged spaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.text.listing import list_names
from search_spaces.loading.document import read_document
from search_spaces.loading.load import check_and_plan
from search_spaces.loading.packaged import find_space, packaged_spaces
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import SpaceErrors


@dataclass(frozen=True)
class OtherName:
    """What stands behind a name that is no method.

    Attributes:
        what: it is, in words (``a preset of recurrent``).
        method: whose it is, or the first of those.
        advice: how a space has it (``write {name: recurrent, preset: text_lstm}``).
    """

    what: str
    method: str
    advice: str


def find_other_name(name: str, catalogue: Catalogue) -> OtherName | None:
    """What a name is that no method has; None where it is nothing that is known.

    Args:
        name: as written; case, and ``-`` for ``_``, do not matter.
        catalogue: of the methods that are known.
    """
    known = (_find_label, _find_preset, _find_component, _find_packaged_arm)
    return next((found for find in known if (found := find(_plain(name), catalogue)) is not None), None)


def explain_name(name: str, catalogue: Catalogue) -> str:
    """``it is a preset of recurrent; write {name: recurrent, preset: text_lstm}``; empty where nothing is known."""
    found = find_other_name(name, catalogue)
    return "" if found is None else f"it is {found.what}; {found.advice}"


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _find_label(name: str, catalogue: Catalogue) -> OtherName | None:
    for method in catalogue.methods.values():
        if name in (_plain(method.label), _plain(method.name)):
            return OtherName(f"what {method.name} is called in reports", method.name, f"write {method.name}")
    return None


def _find_preset(name: str, catalogue: Catalogue) -> OtherName | None:
    having = [(method.name, preset) for method in catalogue.methods.values() for preset in method.presets]
    owners = [(method, preset) for method, preset in having if _plain(preset) == name]
    if not owners:
        return None
    method, preset = owners[0]
    advice = f"write {{name: {method}, preset: {preset}}}"
    return OtherName(f"a preset of {list_names([owner for owner, _ in owners])}", method, advice)


def _find_component(name: str, catalogue: Catalogue) -> OtherName | None:
    owners = [
        (method.name, component.name)
        for method in catalogue.methods.values()
        for component in method.components
        if name in (_plain(component.name), _plain(component.label))
    ]
    if not owners:
        return None
    method, component = owners[0]
    advice = f"write {{name: {method}, {component}: false}} for {method} without it"
    return OtherName(f"a component of {list_names([owner for owner, _ in owners])}", method, advice)


def _find_packaged_arm(name: str, catalogue: Catalogue) -> OtherName | None:
    method_in = dict(_packaged_arms(name, catalogue))
    if not method_in:
        return None
    spaces = f"space{'' if len(method_in) == 1 else 's'} {list_names(list(method_in))}"
    method = next(iter(method_in.values()))
    return OtherName(f"an arm of the packaged {spaces}", method, f"its method is {method}")


def _packaged_arms(name: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Every packaged space with an arm of that name, and the arm's method."""
    for space in packaged_spaces():
        try:
            _, arms = check_and_plan(read_document(find_space(space)), catalogue)
        except SpaceErrors:
            continue  # a plugin has taken the place of one of its methods
        yield from ((space, arm.model) for arm in arms if _plain(arm.name) == name)
