"""Paths of the artifacts of MLflow's runs."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname


def local_path(artifact_uri: str) -> Path | None:
    """The path of artifacts on this machine, where they are read without a copy; None if a server has them."""
    parts = urlsplit(artifact_uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(artifact_uri) if parts.scheme == "" and os.path.isabs(artifact_uri) else None
