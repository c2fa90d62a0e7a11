"""A study on disk, finished or running, read as DataFrames."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import read_plugin
from dmd_search.errors import StudyError, raising_study_errors
from orchestration.finished_study.chosen import Configuration, choose_configuration, find_arm
from orchestration.finished_study.predict import predict_new
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from reports.analysis import analyse
from reports.records.run_record import RunRecord
from reports.report import Report
from reports.sections.ablation.section import AblationSection, ContrastsSection
from reports.text.csv_table import Table


class Study:
    """The study in a directory, ``runs/<study>``. Every call reads what is there now.

    Args:
        path: of the directory.

    Raises:
        StudyError: there is no study.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._read()

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, in planned order."""
        return tuple(arm.name for arm in self._read().description.arms)

    @property
    def baseline(self) -> str:
        """The arm that the others are compared with."""
        return self._read().description.baseline

    def trials(self) -> pd.DataFrame:
        """A row per trial that has ended: metrics as ``valid/mae``, ``test/mae``; searched values as
        ``parameter/gamma``."""
        return pd.DataFrame([_row_of(record) for record in self._read().records])

    def results(self) -> pd.DataFrame:
        """A row per arm and metric with both intervals: the report's ``tables/ablation.csv``."""
        return _frame(self._analyse().section(AblationSection).csv_tables())

    def contrasts(self) -> pd.DataFrame:
        """A row per comparison and metric, with p-values and verdict: the report's ``tables/contrasts.csv``."""
        return _frame(self._analyse().section(ContrastsSection).csv_tables())

    def best(self, arm: str | None = None, fold: int | None = None) -> Configuration:
        """The configuration that an arm chose.

        Args:
            arm: by name; None: the baseline.
            fold: what this fold chose; None: a rule that is fair to folds of different difficulty
                (:func:`orchestration.finished_study.chosen.choose_configuration`).

        Raises:
            StudyError: there is no such arm, or nothing is chosen yet.
        """
        with raising_study_errors():
            study = self._read()
            return choose_configuration(study, find_arm(study, arm), fold)

    def predict(
        self,
        arm: str | None,
        file: str | os.PathLike[str],
        data_dir: str | os.PathLike[str] | None = None,
        plugins: Sequence[str | os.PathLike[str]] = (),
    ) -> pd.DataFrame:
        """A row per item: ``id``, ``split``, by how many of the models it was ``seen_by`` in training or validation,
        ``mean``, and a column per seed and fold, as ``dmd-predict`` writes it.

        Args:
            arm: by name; None: the baseline.
            file: data with or without labels.
            data_dir: second place to look for it; None: the environment's DMD_DATA_DIR, if it is set.
            plugins: Python files that declare the arm's method.

        Raises:
            StudyError: with every problem.
        """
        with raising_study_errors():
            if plugins:
                use_plugins([read_plugin(Path(plugin)) for plugin in plugins])
            found = predict_new(self.path, os.fspath(file), arm, data_directory(data_dir))
        return pd.DataFrame(found.columns())

    def _read(self) -> RecordedStudy:
        with raising_study_errors():
            return read_directory(self.path)

    def _analyse(self) -> Report:
        study = self._read()
        try:
            return analyse(study.description, study.records, study.read_details)
        except ValueError as error:
            raise StudyError(f"{self.path}: what is recorded contradicts itself: {error}") from error


def data_directory(given: str | os.PathLike[str] | None) -> Path | None:
    """The folder of data files: as given, else as the environment says."""
    named = given or os.environ.get("DMD_DATA_DIR")
    return None if named is None else Path(named)


def _row_of(record: RunRecord) -> dict[str, object]:
    return {
        "trial_id": record.trial_id,
        "arm": record.arm,
        "stage": record.stage,
        "status": record.status,
        "seed": record.seed,
        "repeat": record.repeat,
        "fold": record.fold,
        "configuration_id": record.configuration_id,
        "best_epoch": record.best_epoch,
        "num_epochs": record.num_epochs,
        "duration_s": record.duration_s,
        "error": record.error,
        **{f"parameter/{name}": value for name, value in record.parameters.items()},
        **{f"valid/{name}": value for name, value in record.valid.items()},
        **{f"test/{name}": value for name, value in (record.test or {}).items()},
    }


def _frame(tables: tuple[Table, ...]) -> pd.DataFrame:
    (table,) = tables
    return pd.DataFrame(list(table.rows), columns=list(table.columns))
