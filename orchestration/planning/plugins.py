"""The plugins of a study: named in its space or on the command line, read, and kept beside its results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dmd.errors import ConfigurationError
from dmd.plugins.plugin_file import PluginFile, read_plugin
from orchestration.ledger.study_directory import PLUGINS_FOLDER, StudyDirectory
from orchestration.process.atomic_files import write_whole
from search_spaces.loading.document import Document
from search_spaces.terms.problems import Finding, Problem, SpaceErrors, join_path

KEY = "plugins"


def find_plugins(document: Document, given: Sequence[Path] = ()) -> tuple[PluginFile, ...]:
    """The plugins that a space names, relative to its own folder, and those of the command line; each file once.

    What a space names in another form than a list of texts is left to the schema.

    Raises:
        SpaceErrors: with a line per file that cannot be read.
    """
    named = document.content.get(KEY)
    folder = Path(document.source).parent
    problems: list[Problem] = []
    plugins: dict[Path, PluginFile] = {}
    for i, name in enumerate(named if isinstance(named, list) else []):
        if isinstance(name, str):
            try:
                plugins.setdefault((folder / name).resolve(), read_plugin(folder / name, name))
            except ConfigurationError as error:
                problems.append(document.locate(Finding(join_path(KEY, i), str(error).removeprefix("plugin "))))
    for path in given:
        try:
            plugins.setdefault(path.resolve(), read_plugin(path))
        except ConfigurationError as error:
            problems.append(
                Problem(line=None, column=None, path="", message=str(error).removeprefix("plugin "), source="--plugin")
            )
    if problems:
        raise SpaceErrors(problems)
    return tuple(plugins.values())


def keep_plugins(study_directory: StudyDirectory, plugins: Sequence[PluginFile]) -> None:
    """Leave the sources in the study's directory: its models cannot be built without them."""
    for plugin in plugins:
        study_directory.plugins.mkdir(parents=True, exist_ok=True)
        write_whole(study_directory.plugins / kept_name(plugin), plugin.content.encode())


def kept_name(plugin: PluginFile) -> str:
    """The file name of a plugin's copy in a study's directory."""
    return f"{plugin.digest}-{plugin.name}"


def kept_places(plugins: Sequence[PluginFile]) -> list[str]:
    """The copies of plugins as seen from a folder of the study's directory: what a space that is kept there names."""
    return [f"../{PLUGINS_FOLDER}/{kept_name(plugin)}" for plugin in plugins]
