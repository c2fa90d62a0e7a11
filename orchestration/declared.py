"""What is said of a data file, by a space or by the options of ``dmd-data``, in the words of ``dmd``."""

from __future__ import annotations

from dmd.data.declared import Declared
from dmd.data.groups import GroupRule
from dmd.data.samples import LabelScale
from orchestration.errors import UsageError
from search_spaces.schema import SearchSpace


def declared_by(space: SearchSpace) -> Declared:
    """What the space says of its data file."""
    scale, groups = space.data.label_scale, space.data.groups
    return Declared(
        scale=None if scale is None else LabelScale(scale.low, scale.high, scale.neutral),
        groups=None if groups is None else GroupRule(groups.key, groups.pattern),
    )


def declared_with(group_key: str | None, group_pattern: str | None) -> Declared:
    """What the options say. Raises UsageError where they contradict each other."""
    if group_key is not None and group_pattern is not None:
        raise UsageError("--group-key and --group-pattern both say what the groups are; give one")
    is_grouped = group_key is not None or group_pattern is not None
    return Declared(groups=GroupRule(group_key, group_pattern) if is_grouped else None)
