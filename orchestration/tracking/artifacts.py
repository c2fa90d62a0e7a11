"""Where the files of MLflow's runs lie."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname


def local_path(artifact_uri: str) -> Path | None:
    """Where artifacts lie if they lie on this machine: reading them there needs no copy. None: a server has them."""
    parts = urlsplit(artifact_uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(artifact_uri) if parts.scheme == "" and os.path.isabs(artifact_uri) else None
