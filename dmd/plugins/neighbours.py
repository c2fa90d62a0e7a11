"""Modules beside a plugin: they would neither travel with it nor count for what decides a result."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from dmd.plugins.plugin_file import PluginFile


def find_neighbours(plugin: PluginFile) -> Iterator[str]:
    """A line for every module that the plugin has imported from its own folder."""
    folder = Path(plugin.place).parent
    for line, name in _imported(plugin.content):
        origin = getattr(sys.modules.get(name), "__file__", None)
        if plugin.place and origin and folder in (Path(origin).parent, _folder_of_package(Path(origin))):
            yield (
                f"line {line} imports {name} from the plugin's own folder, which does not travel with it; write what "
                "is needed into the file, or install the module: a plugin is one file"
            )


def _folder_of_package(origin: Path) -> Path | None:
    return origin.parent.parent if origin.name == "__init__.py" else None


def _imported(content: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import, the product's own left out: it travels anyway."""
    own = __name__.partition(".")[0]
    for node in ast.walk(ast.parse(content)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in dict.fromkeys(name.partition(".")[0] for name in names):
            if name != own:
                yield node.lineno, name  # type: ignore[attr-defined]
