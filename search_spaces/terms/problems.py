"""What can be wrong with a search space, and how it is said: what, where, which rule, which value, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

OVERRIDE_SOURCE = "--set"
MAX_SHOWN = 60
LONG_LIST = 20


@dataclass(frozen=True)
class Problem:
    """One mistake, with its position.

    Attributes:
        line, column: counted from 1; None where there is no line to point at (a missing file, an override).
        path: the key, as ``arms.ablation.design`` or ``contrasts[1]``; empty for the file as a whole.
        message: the rule, the value and what to do.
        source: the file as the user named it, or ``--set``.
    """

    line: int | None
    column: int | None
    path: str
    message: str
    source: str = ""

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class SpaceErrors(Exception):
    """Every problem of one search space; ``str()`` is one line per problem, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


@dataclass(frozen=True)
class Finding:
    """A problem before it is given its line.

    Attributes:
        path: the key.
        message: the rule, the value and what to do.
        at_key: whether to point at the key and not at its value.
    """

    path: str
    message: str
    at_key: bool = False


def join_path(*parts: str | int) -> str:
    """``join_path("contrasts", 1) == "contrasts[1]"``; ``join_path("arms", "ablation") == "arms.ablation"``."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def covers(parent: str, path: str) -> bool:
    """True if ``path`` is ``parent`` or lies below it."""
    return parent in ("", path) or path.startswith((f"{parent}.", f"{parent}["))


def show(value: object) -> str:
    """The value on one line, as the user would recognise it, cut to a readable length."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def suggest(word: str, options: Iterable[str]) -> str:
    """``did you mean 'gamma'?``, or the options when none is near; of many, dotted names by their family."""
    known = sorted(set(options))
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or [
        option for option in known if option.casefold() == word.casefold()
    ]
    if near:
        return f"did you mean {near[0]!r}?"
    if len(known) > LONG_LIST:
        known = sorted({f"{family}.*" if dot else family for family, dot, _ in (name.partition(".") for name in known)})
    return f"known: {', '.join(known)}" if known else "none is known here"
