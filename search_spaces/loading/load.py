"""From a YAML file to a checked :class:`SearchSpace`, or to every problem it has, each at its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from search_spaces.checking.check_space import check_space
from search_spaces.checking.validate import validate
from search_spaces.loading.document import Document, parse_document, read_document
from search_spaces.loading.overrides import apply_overrides
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import OVERRIDE_SOURCE, Finding, Problem, SpaceErrors, covers
from search_spaces.terms.trial import Arm


def load(path: Path, catalogue: Catalogue, overrides: Sequence[str] = ()) -> SearchSpace:
    """Read and check one file.

    Args:
        path: of the file.
        catalogue: methods and metrics that the file may name.
        overrides: ``key=value`` with dotted keys, as given to ``--set``; later ones win.

    Raises:
        SpaceErrors: with all problems at once.
    """
    return check_document(read_document(path), catalogue, overrides)


def load_text(text: str, catalogue: Catalogue, overrides: Sequence[str] = (), source: str = "<text>") -> SearchSpace:
    """Read and check a text, as :func:`load` does a file.

    Args:
        text: YAML.
        catalogue: methods and metrics that the text may name.
        overrides: as for :func:`load`.
        source: name of the text, for messages.

    Raises:
        SpaceErrors: with all problems at once.
    """
    return check_document(parse_document(text, source), catalogue, overrides)


def check_document(document: Document, catalogue: Catalogue, overrides: Sequence[str] = ()) -> SearchSpace:
    """Check a document that is read already, as :func:`load` does.

    Args:
        document: the text with its positions.
        catalogue: methods and metrics that it may name.
        overrides: as for :func:`load`.

    Raises:
        SpaceErrors: with all problems at once.
    """
    space, _ = check_and_plan(document, catalogue, overrides)
    return space


def check_and_plan(
    document: Document, catalogue: Catalogue, overrides: Sequence[str] = ()
) -> tuple[SearchSpace, tuple[Arm, ...]]:
    """Check a document, and keep the arms that were planned for the checks.

    Args:
        document: the text with its positions.
        catalogue: methods and metrics that it may name.
        overrides: as for :func:`load`.

    Returns:
        The space and its arms.

    Raises:
        SpaceErrors: with all problems at once.
    """
    content, overridden, override_problems = apply_overrides(document.content, overrides)
    space, findings = validate(content)
    arms: tuple[Arm, ...] = ()
    if space is not None:
        checked = check_space(space, catalogue, findings)
        findings, arms = (*findings, *checked.findings), checked.arms
    located = [_locate(document, finding, overridden) for finding in findings]
    # A value that YAML itself could not give is reported once, not again as missing or as of the wrong type.
    unread = [problem.path for problem in document.problems]
    located = [problem for problem in located if not any(covers(problem.path, path) for path in unread)]
    problems = [*document.problems, *override_problems, *located]
    if problems:
        raise SpaceErrors(sorted(problems, key=_order))
    assert space is not None, "a content without findings gives a space"
    return space, arms


def _locate(document: Document, finding: Finding, overridden: Sequence[str]) -> Problem:
    problem = document.locate(finding)
    is_set = any(covers(path, finding.path) for path in overridden)
    if not is_set and finding.at_key and finding.path not in document.key_marks:
        # An unknown section that only an override brought in: `--set foo.bar=1` blames `foo`.
        is_set = any(covers(finding.path, path) for path in overridden)
    if is_set:
        return replace(problem, line=None, column=None, source=OVERRIDE_SOURCE)
    return problem


def _order(problem: Problem) -> tuple[bool, int, int, str]:
    return problem.line is None, problem.line or 0, problem.column or 0, problem.path
