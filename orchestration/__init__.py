"""Studies: from a search space to a ledger of finished trials, and on to MLflow and a report.

The only package that knows the other three. From the top: ``cli/``, ``launch.py``, ``planning/``, ``ray_backend/``
and ``executors/``, ``driver/``, ``ledger/``, ``search/``, ``process/``; a folder imports those below it (the whole
order is in :mod:`scripts.architecture_rules`). Read ``launch.py`` first, then ``driver/driver.py``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.launch import LaunchOptions
    from orchestration.ledger.study_directory import StudyDirectory
    from orchestration.planning.prepared import Prepared, prepare
    from orchestration.run_study import StudyOutcome

__all__ = ["LaunchOptions", "Prepared", "StudyDirectory", "StudyOutcome", "prepare"]

_HOMES = {
    "LaunchOptions": "orchestration.launch",
    "Prepared": "orchestration.planning.prepared",
    "StudyOutcome": "orchestration.run_study",
    "StudyDirectory": "orchestration.ledger.study_directory",
    "prepare": "orchestration.planning.prepared",
}
"""Name -> module. Names are imported on first use, so that importing one module does not import all."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
