"""What a finished trial shows of every test item, beside its record: edge weights, features, auxiliary predictions.

One ``.npz`` file per trial. Names (``<m>``: language, audio, vision; n test items in the order of the predictions):
``edges/homo`` and ``edges/hetero`` (n, 6), the weight of every edge of a graph-distillation unit; ``prior/homo`` and
``prior/hetero`` (6,), where a prior was on; ``common/<m>`` and ``exclusive/<m>`` (n, d), features averaged over real
steps; ``heads/<head>`` (n,), predictions of an auxiliary head. A trial has what its model has, and may have nothing.
"""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

Details = Mapping[str, npt.NDArray[np.float32]]
ReadDetails = Callable[[str], Details | None]
"""Trial id -> its details, or None where none were kept."""

logger = logging.getLogger(__name__)


def no_details(trial_id: str) -> Details | None:
    """The :data:`ReadDetails` of a study that kept none."""
    return None


def details_path(directory: Path, trial_id: str) -> Path:
    """Where the details of a trial lie below ``directory``."""
    return directory / f"{trial_id}.npz"


def encode_details(details: Details) -> memoryview:
    """The content of the file that holds ``details``; equal details give equal bytes."""
    arrays = {name: np.asarray(values, dtype=np.float32) for name, values in details.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getbuffer()


def details_in(directory: Path) -> ReadDetails:
    """The :data:`ReadDetails` of the files below ``directory``. Reading executes nothing that a file says.

    A file that cannot be read counts as absent, with a warning: a report does not fail for want of a figure.
    """

    def read(trial_id: str) -> Details | None:
        path = details_path(directory, trial_id)
        if not path.is_file():
            return None
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                _require_unpacked(archive, path)
                return {name: _floats(archive[name]) for name in archive.files}
        except Exception as error:  # a damaged archive raises whatever its bytes happen to hit
            logger.warning("%s: cannot be read (%s) and is left out of the report", path, " ".join(str(error).split()))
            return None

    return read


def _floats(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Values of the one type that :func:`encode_details` writes; others may be larger than they look."""
    if values.dtype != np.float32:
        raise ValueError(f"it holds {values.dtype} where float32 is written")
    return values


def _require_unpacked(archive: NpzFile, path: Path) -> None:
    """Refuse what :func:`encode_details` does not write: members that become larger than the file they lie in."""
    members = [] if archive.zip is None else archive.zip.infolist()
    is_packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if is_packed or sum(member.file_size for member in members) > path.stat().st_size:
        raise ValueError("its arrays are packed or promise more than the file holds")
