"""The text of a search space as it ran: what the user wrote, or where the command line changed it, the sum of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from search_spaces.loading.document import Document
from search_spaces.loading.overrides import apply_overrides


def as_run(document: Document, overrides: Sequence[str] = (), plugins: Sequence[str] = ()) -> str:
    """A YAML text that alone means what the document meant with its overrides and plugins.

    Args:
        document: without problems.
        overrides: ``key=value``, as for ``--set``, without problems.
        plugins: where the files of its plugins are, seen from the folder that the text will lie in.
    """
    if not (overrides or plugins):
        return document.text
    content, _, _ = apply_overrides(document.content, overrides)
    if plugins:
        content["plugins"] = list(plugins)
    changes = "".join(f"#   --set {override}\n" for override in overrides if override.isprintable())
    heading = f"# {document.source} with what the command line changed:\n{changes}" if changes else ""
    return heading + to_yaml(content)


def to_yaml(content: Mapping[str, Any]) -> str:
    """Plain values as YAML, keys in their order."""
    text: str = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120)
    return text
