"""What folders of computational sequences are known by, and the choices that users have; opens nothing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal, get_args

ENDING = ".csd"

Steps = Literal["words", "own", "mean"]
"""What the steps of a clip are: its words, over which audio and vision are averaged; each modality's own; one."""

STEPS: tuple[Steps, ...] = get_args(Steps)


def is_csd_folder(path: Path) -> bool:
    """Whether a folder holds computational sequences."""
    with contextlib.suppress(OSError):
        return path.is_dir() and any(file.suffix == ENDING for file in path.iterdir())
    return False
