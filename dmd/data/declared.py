"""What a user says of a data file that the file does not say itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dmd.data.groups import ID, GroupRule
from dmd.data.layout import Layout
from dmd.data.samples import LabelScale


@dataclass(frozen=True)
class Declared:
    """Each of it goes before what the file says.

    Attributes:
        scale: the range of the labels; None: the file's own.
        groups: how items are grouped; None: by the file's key or by the ids.
    """

    scale: LabelScale | None = None
    groups: GroupRule | None = None

    def keys_of(self, layout: Layout) -> Layout:
        """``layout`` with the key of the groups that the user names."""
        key = None if self.groups is None else self.groups.key
        return layout if key is None or key == ID else replace(layout, group=key)


NOTHING = Declared()
"""The file says it all."""
