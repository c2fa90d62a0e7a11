"""What a setting means is its own line, else the one in the docstring of the class that declares or inherits it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dmd.settings import setting
from orchestration.planning.setting_meanings import described_fields


@dataclass(frozen=True)
class Shared:
    """What two have in common.

    Attributes:
        rate, other: of dropout, from
            ``0`` on (:mod:`dmd.dropout`).
    """

    rate: float = setting(0.0)
    other: float = setting(0.0, "its own line")


@dataclass(frozen=True)
class Inner(Shared):
    """Plain, without a list of its own."""

    silent: bool = setting(False)


@dataclass(frozen=True)
class Outer:
    """A method's.

    Attributes:
        inner: not shown.
        width: of it.

    And more text: that is no setting.
    """

    width: int = setting(3)
    inner: Inner = field(default_factory=Inner)


def test_meanings_come_from_docstrings_where_a_setting_has_none() -> None:
    assert {part.name: part.description for part in described_fields(Outer)} == {
        "width": "of it",
        "inner.rate": "of dropout, from `0` on",
        "inner.other": "its own line",
        "inner.silent": "",
    }
