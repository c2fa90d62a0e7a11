"""Which tables of the paper a study speaks to."""

from __future__ import annotations

from reports.records.details import ReadDetails
from reports.records.study_description import StudyDescription
from reports.results.estimates import Estimator
from reports.sections.paper_tables.components import components_table
from reports.sections.paper_tables.graph_distillation import graph_distillation_table
from reports.sections.paper_tables.methods import methods_table
from reports.sections.paper_tables.published import published_dataset
from reports.sections.paper_tables.table import PaperTable
from reports.sections.paper_tables.unimodal import unimodal_table


def paper_tables(study: StudyDescription, estimator: Estimator, read_details: ReadDetails) -> tuple[PaperTable, ...]:
    """Every table that has an arm of the study besides the baseline, in the paper's order.

    Args:
        study: as trained.
        estimator: the results that the estimates are made from.
        read_details: trial id -> what it kept of every test item.

    Returns:
        The tables; none where the study's data are, by their name, not of the paper, or anything but one number is
            predicted: its numbers are about other things then.
    """
    if study.target.kind != "regression" or published_dataset(study.data_origin) is None:
        return ()
    tables = (
        methods_table(study, estimator),
        components_table(study, estimator),
        unimodal_table(study, estimator, read_details),
        graph_distillation_table(study, estimator),
    )
    return tuple(table for table in tables if table is not None)
