"""The search spaces that come with the product, by name."""

from __future__ import annotations

from pathlib import Path

from search_spaces.terms.problems import Problem, SpaceErrors, suggest

_SUFFIXES = (".yaml", ".yml")


def packaged_spaces() -> tuple[str, ...]:
    """Names of the packaged spaces, without ending."""
    return tuple(sorted(path.stem for path in Path(__file__).parents[1].glob("*.yaml")))


def find_space(name_or_path: str) -> Path:
    """The file that the user means: an existing file, else the packaged space of that name.

    Raises:
        SpaceErrors: if there is neither; names the nearest and all packaged ones.
    """
    path = Path(name_or_path)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        raise _not_found(name_or_path, "is no name of a file") from None
    name = path.stem if path.suffix in _SUFFIXES else path.name
    if name_or_path == path.name and name in packaged_spaces():
        return Path(__file__).parents[1] / f"{name}.yaml"
    raise _not_found(name_or_path, "is a folder" if path.is_dir() else "is no file", name)


def _not_found(given: str, why: str, name: str = "") -> SpaceErrors:
    names = packaged_spaces()
    hint = suggest(name, names)
    listed = f"; packaged spaces: {', '.join(names)}" if "did you mean" in hint else ""
    hint = hint.replace("known:", "packaged spaces:")
    message = f"{why}, and no packaged search space has that name; {hint}{listed}"
    return SpaceErrors([Problem(line=None, column=None, path="", message=message, source=given or "(empty name)")])
