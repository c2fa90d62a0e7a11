"""Docstring blocks name what is there: every parameter under ``Args:``, every field under ``Attributes:``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dmd", "search_spaces", "orchestration", "reports", "dmd_search")


def names_in(docstring: str, block: str) -> set[str] | None:
    """The names that a block explains; None without the block."""
    found = re.search(rf"^{block}:\n((?:    .*\n|\n)*)", f"{docstring}\n", re.MULTILINE)
    if found is None:
        return None
    entries = re.findall(r"^    (\w+(?:, \w+)*): ", found.group(1), re.MULTILINE)
    return {name for entry in entries for name in entry.split(", ")}


def parameters_of(function: ast.FunctionDef) -> set[str]:
    arguments = function.args
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return {argument.arg for argument in named if argument is not None} - {"self", "cls"}


def fields_of(owner: ast.ClassDef) -> Iterator[str]:
    for part in owner.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            is_constant = ast.unparse(part.annotation).startswith("ClassVar")
            if not is_constant and not part.target.id.startswith("_"):
                yield part.target.id


def stale_blocks(tree: ast.Module) -> Iterator[str]:
    """Where a block leaves a parameter out, or names one that there is not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            explained = names_in(ast.get_docstring(node) or "", "Args")
            if explained is not None and explained != parameters_of(node):
                yield f"line {node.lineno}, {node.name}: {sorted(explained ^ parameters_of(node))}"
        if isinstance(node, ast.ClassDef):
            fields = set(fields_of(node))
            explained = names_in(ast.get_docstring(node) or "", "Attributes")
            if explained is not None and fields - explained:
                yield f"line {node.lineno}, {node.name}: {sorted(fields - explained)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_blocks_of_docstrings_name_every_parameter_and_field_that_there_is(package: str) -> None:
    stale = {
        path.relative_to(ROOT).as_posix(): found
        for path in sorted((ROOT / package).rglob("*.py"))
        if (found := list(stale_blocks(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert stale == {}
