"""What to expect of a row of the study that is run again alone, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def alone_text(search: Mapping[str, Any], is_adaptive: bool) -> str:
    """What stands above the commands that run one row alone: as much of it as applies to this study's search.

    is_adaptive: whether the searcher looked at earlier outcomes.
    """
    return " ".join(_sentences(search, is_adaptive))


def _sentences(search: Mapping[str, Any], is_adaptive: bool) -> Iterator[str]:
    yield "One row alone, in a directory of its own."
    if search.get("scope") == "baseline":
        yield "An arm that inherits hyperparameters first runs the search that it inherits them from."
    same = "The same trials give the same numbers on the same machine"
    stops_trials = search.get("scheduler", "none") != "none"
    depends = [
        what for what, applies in (("proposes", bool(search) and is_adaptive), ("stops", stops_trials)) if applies
    ]
    if not depends:
        yield f"{same}."
    else:
        yield (
            f"{same}; the search repeats exactly with one worker, while with several what it {' and '.join(depends)} "
            "depends on which trial ends first."
        )
