"""From the name of a space to a checked space whose methods this process knows, those of its plugins among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import PluginFile
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.plugins import find_plugins, kept_places
from search_spaces.loading.as_run import as_run
from search_spaces.loading.document import Document
from search_spaces.loading.load import check_and_plan
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.trial import Arm


@dataclass(frozen=True)
class LoadedSpace:
    """A checked space.

    Attributes:
        space: as checked.
        arms: planned for the checks.
        plugins: whose methods this process now uses.
        text: the space as it runs, as YAML; the copies of its plugins are named as seen from a folder of the study's.
    """

    space: SearchSpace
    arms: tuple[Arm, ...]
    plugins: tuple[PluginFile, ...]
    text: str


def load_space(document: Document, overrides: Sequence[str] = (), plugins: Sequence[Path] = ()) -> LoadedSpace:
    """Check a document against the package's methods and those of its plugins.

    Args:
        document: of the space.
        overrides: ``key=value``, as for ``--set``.
        plugins: further Python files that declare methods.

    Raises:
        SpaceErrors: with all problems of the space at once.
        ConfigurationError: with all problems of its plugins.
    """
    files = find_plugins(document, plugins)
    use_plugins(files)
    space, arms = check_and_plan(document, describe_methods(), overrides)
    return LoadedSpace(space, arms, files, as_run(document, overrides, kept_places(files)))
