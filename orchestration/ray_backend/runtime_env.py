"""Ray's runtime environment: sends the product's code to the workers of a running cluster."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orchestration.process.logs import OWN_PACKAGES


def code_for_workers() -> dict[str, Any]:
    """Ray's runtime environment: the packages as they are here, compiled passes included.

    They come before any that a node has installed, so every node runs what the driver runs; it needs what they import.
    """
    return {
        "py_modules": [str(_directory_of(package)) for package in OWN_PACKAGES],
        "excludes": ["__pycache__"],
        # What a cluster of our own gets from its driver's environment.
        "env_vars": {"MALLOC_ARENA_MAX": "1", "RAY_CHDIR_TO_TRIAL_DIR": "0"},
    }


def _directory_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
