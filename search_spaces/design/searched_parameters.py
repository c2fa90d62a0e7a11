"""What a search may vary in the arms of one method: what the file names, over what the method declares."""

from __future__ import annotations

from search_spaces.schema.conditions import SearchedParameter, parse_parameter
from search_spaces.schema.schema import Search
from search_spaces.terms.catalogue import MethodSchema


def parameters_of(search: Search, method: MethodSchema) -> dict[str, SearchedParameter]:
    """Setting -> parameter. An entry of the file goes before the one that the method declares.

    Args:
        search: section of the file.
        method: whose declared search is sound.
    """
    return (default_parameters(method) if search.uses_defaults else {}) | search.named


def default_parameters(method: MethodSchema) -> dict[str, SearchedParameter]:
    """What the method declares.

    Raises:
        ValueError: for a declaration that cannot be read.
    """
    return {name: parse_parameter(declared) for name, declared in method.search.items()}
