"""Studies from Python: run one, read its results as pandas DataFrames, predict with its models.

    study = dmd_search.run("ablation", data_dir="data", out="runs")
    study.contrasts()

``docs/python.md`` shows all of it; read ``commands.py`` first. Whatever a user can correct is a :class:`StudyError`
with the line that the commands print. Nothing else of this program imports this package.
"""

from dmd_search.commands import load_space, report, run
from dmd_search.errors import StudyError
from dmd_search.study import Study
from orchestration.finished_study.chosen import Configuration

__all__ = ["Configuration", "Study", "StudyError", "load_space", "report", "run"]
