"""Private names of other libraries: looked up with a warning in the log, replaced for a while only.

A library may rename or remove a private name in any release. The ``private_*api.py`` files of each library's folder
list those that this product uses; no other module may use one (tests/test_architecture.py).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrivateName:
    """A private name that this product uses.

    Attributes:
        module: dotted name of the module that has it.
        attribute: the name in that module, dotted for a member of a class.
        purpose: what it is used for.
        without: what happens if the name is gone.
        since: the oldest version of the library that is known to have it.
    """

    module: str
    attribute: str
    purpose: str
    without: str
    since: str

    @property
    def last(self) -> str:
        """The name without the class that it belongs to."""
        return self.attribute.rpartition(".")[2]

    def find(self) -> Any | None:
        """Its value; None, with one warning in the log, if the name is gone."""
        owner = self._find_owner()
        return None if owner is None else getattr(owner, self.last)

    def of(self, instance: Any) -> Any | None:
        """The value of this name on an instance; None, with one warning in the log, if it has none."""
        if not hasattr(type(instance), self.last) and not hasattr(instance, self.last):
            _warn(self)
            return None
        return getattr(instance, self.last)

    @contextlib.contextmanager
    def replaced(self, make: Callable[[Any], Any]) -> Iterator[None]:
        """Inside this context the name stands for ``make(old value)``; nothing is changed if the name is gone."""
        owner = self._find_owner()
        if owner is None:
            yield
            return
        before = getattr(owner, self.last)
        setattr(owner, self.last, make(before))
        try:
            yield
        finally:
            setattr(owner, self.last, before)

    def _find_owner(self) -> Any | None:
        try:
            owner = import_module(self.module)
            for name in self.attribute.split(".")[:-1]:
                owner = getattr(owner, name)
        except (ImportError, AttributeError):
            owner = None
        if owner is None or not hasattr(owner, self.last):
            _warn(self)
            return None
        return owner


@cache
def _warn(name: PrivateName) -> None:
    """Once per name and process."""
    library = name.module.partition(".")[0]
    logger.warning(
        "this version of %s has no %s.%s, which is used for %s; without it, %s",
        library,
        name.module,
        name.attribute,
        name.purpose,
        name.without,
    )
