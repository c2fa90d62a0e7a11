"""Search spaces: what a study compares and searches, from YAML to arms and trials.

The YAML files here are the packaged examples, ``space.schema.json`` is for editors. ``loading/`` reads a file,
``schema/`` is its shape, ``checking/`` what must agree beyond the shape, ``design/`` expands it into arms, contrasts
and trials, ``terms/`` holds the words all of them use. Pure: no randomness, no clock. Read ``loading/load.py`` first.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search_spaces.design.arms import plan_arms
    from search_spaces.design.contrasts import plan_contrasts
    from search_spaces.loading.load import load
    from search_spaces.loading.packaged import find_space
    from search_spaces.schema.schema import SearchSpace

__all__ = ["SearchSpace", "find_space", "load", "plan_arms", "plan_contrasts"]

_HOMES = {
    "SearchSpace": "search_spaces.schema.schema",
    "find_space": "search_spaces.loading.packaged",
    "load": "search_spaces.loading.load",
    "plan_arms": "search_spaces.design.arms",
    "plan_contrasts": "search_spaces.design.contrasts",
}
"""Name -> module. Names are imported on first use, so that importing one module does not import all."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
