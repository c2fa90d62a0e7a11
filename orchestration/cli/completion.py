"""What a shell completes: names of packaged spaces beside YAML files, and studies."""

from __future__ import annotations

import os
from pathlib import Path

import typer


def complete_spaces(incomplete: str) -> list[str]:
    """Packaged spaces by name, and the YAML files and folders that begin so."""
    from search_spaces.loading.packaged import packaged_spaces

    return [
        *(name for name in packaged_spaces() if name.startswith(incomplete)),
        *_paths(incomplete, (".yaml", ".yml")),
    ]


def complete_studies(context: typer.Context, incomplete: str) -> list[str]:
    """The studies of the folder that ``--out`` names."""
    out = context.params.get("out")
    return [path.name for path in _studies(Path(out or "runs")) if path.name.startswith(incomplete)]


def complete_directories(incomplete: str) -> list[str]:
    """Directories of studies, ``runs/<study>`` before others."""
    folder = Path(incomplete or "runs/").parent if not incomplete.endswith("/") else Path(incomplete)
    found = [str(path) for path in _studies(folder if incomplete else Path("runs"))]
    return [name for name in found if name.startswith(incomplete)] or _paths(incomplete, ())


def _studies(out: Path) -> list[Path]:
    from orchestration.ledger.study_status import find_studies

    try:
        return list(find_studies(out))
    except OSError:
        return []


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    """Folders that begin so, and files with one of these ends."""
    folder, _, begin = incomplete.rpartition("/")
    try:
        entries = sorted(os.scandir(f"{folder}/" if "/" in incomplete else "."), key=lambda entry: entry.name)
    except OSError:
        return []
    found = [entry for entry in entries if entry.name.startswith(begin) and (begin or not entry.name.startswith("."))]
    prefix = f"{folder}/" if "/" in incomplete else ""
    return [
        f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in found
        if entry.is_dir() or entry.name.endswith(suffixes or ("\0",))
    ]
