"""The star of packages, read from the imports themselves."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEAVES = {
    "dmd": {"torch", "numpy", "transformers", "huggingface_hub"},
    "search_spaces": {"yaml", "pydantic", "pydantic_core"},
    "reports": {
        "numpy",
        "scipy",
        "matplotlib",
        "jinja2",
        "markupsafe",
        "markdown_it",
        "pandas",
        "sklearn",
        "threadpoolctl",
        "yaml",
    },
}
HUB = "orchestration"
PACKAGES = (*LEAVES, HUB)
ONE_HOME = {
    "ray": "orchestration/executors",
    "mlflow": "orchestration/tracking",
    "transformers": "dmd/models/bert_text.py",
    "huggingface_hub": "dmd/models/bert_files.py",
}


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert len(found) > 5, f"{package} should have modules"
    return found


def imported(path: Path) -> Iterator[str]:
    """Full names of everything that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("package", LEAVES)
def test_a_leaf_imports_itself_and_its_own_libraries_only(package: str) -> None:
    allowed = LEAVES[package] | {package} | sys.stdlib_module_names
    for path in modules(package):
        foreign = {name.split(".")[0] for name in imported(path)} - allowed
        assert foreign == set(), f"{path.relative_to(ROOT)} imports {foreign}"


def test_every_arrow_starts_at_the_hub() -> None:
    arrows = {
        (package, name.split(".")[0])
        for package in PACKAGES
        for path in modules(package)
        for name in imported(path)
        if name.split(".")[0] in PACKAGES and name.split(".")[0] != package
    }
    assert arrows == {(HUB, leaf) for leaf in LEAVES}


@pytest.mark.parametrize("library", ONE_HOME)
def test_heavy_libraries_have_one_home_each(library: str) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in modules(package)
        if library in {name.split(".")[0] for name in imported(path)}
    }
    assert users
    assert all(user.startswith(ONE_HOME[library]) for user in users), users


def test_modules_import_each_other_without_a_cycle() -> None:
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for package in PACKAGES for p in modules(package)}
    graph = {name: {target for target in imported(path) if target in names} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert len(done) > 60


def test_no_module_is_named_after_nothing() -> None:
    empty_names = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [p for package in PACKAGES for p in modules(package) if p.stem in empty_names] == []


def test_every_package_is_listed_for_installation_and_tests_are_not() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        ".".join(p.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for p in (ROOT / package).rglob("__init__.py")
    }
    assert listed == found
