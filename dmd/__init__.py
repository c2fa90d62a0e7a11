"""DMD and its baselines: data, models, losses and training. Knows nothing of studies, searches or reports.

One call trains one configuration with one seed on one partition of a data set (``run_job``). Methods are declared in
``models/``, files are read in ``data/formats/``, and ``training/`` has the one loop that trains everything. Test
labels stay sealed until training has ended. Read ``job.py`` first, then ``training/run.py``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmd.data.formats.load import open_dataset
    from dmd.job import Job, JobResult
    from dmd.registry import METHODS
    from dmd.training.run import run_job

__all__ = ["METHODS", "Job", "JobResult", "open_dataset", "run_job"]

_HOMES = {
    "METHODS": "dmd.registry",
    "Job": "dmd.job",
    "JobResult": "dmd.job",
    "open_dataset": "dmd.data.formats.load",
    "run_job": "dmd.training.run",
}
"""A name is imported when it is asked for: whoever needs one module does not wait for all."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
