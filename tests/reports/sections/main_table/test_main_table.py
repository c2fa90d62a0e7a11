"""The main table has every arm, every metric of the field, n, SD and the verdicts, in every form alike."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.rendered import render_report
from reports.output.side_by_side import put_side_by_side
from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.records.target import Target
from reports.report import Report
from reports.sections.main_table.section import MainTableSection
from reports.sections.main_table.text import number_ranges
from tests.reports.example_emotions import BINARIES, CLASSES, SEVERAL, make_emotion_records, make_emotion_study
from tests.reports.example_studies import failed, make_record, make_records, make_study

RIDGE = Contrast("full", "ridge", "method")
CA = Contrast("full", "no_ca", "CA")
OF_MOSI = ("mae", "corr", "acc7", "acc5", "acc2_non0", "f1_non0", "acc2_has0", "f1_has0")


def table_of(report: Report) -> list[dict[str, str]]:
    """Rows of the table as a reader sees it: heading -> cell."""
    (table,) = report.section(MainTableSection).markdown_tables()
    return [dict(zip(table.grid.headings, row, strict=True)) for row in table.grid.rows]


def metrics_of(row: dict[str, str]) -> list[str]:
    return [heading for heading in row if heading.endswith(("↓", "↑"))]


def notes_of(report: Report) -> str:
    (table,) = report.section(MainTableSection).markdown_tables()
    return " ".join((table.caption, *table.notes))


def csv_of(report: Report) -> list[dict[str, str]]:
    (table,) = report.section(MainTableSection).csv_tables()
    return list(csv.DictReader(io.StringIO(table.to_csv())))


def by_hand() -> tuple[StudyDescription, list[RunRecord]]:
    """Two folds and three seeds; MAE of the seeds' means: full 0.9, 1.0, 1.1, no_ca 1.2, ridge the same each time."""
    study = make_study(("full", "no_ca", "ridge"), contrasts=[RIDGE, CA], folds=(0, 1))
    records = []
    for seed, mae in ((1, 0.9), (2, 1.0), (3, 1.1)):
        for fold, shift in ((0, -0.3), (1, 0.3)):
            records.append(make_record("full", seed, fold, mae + shift))
            records.append(make_record("no_ca", seed, fold, mae + 0.3 + shift))
            records.append(make_record("ridge", seed, fold, 1.5 + shift))
    return study, records


def test_every_arm_is_one_row_with_mean_sd_and_seeds() -> None:
    full, no_ca, ridge = table_of(analyse(*by_hand()))
    assert (full["Arm"], full["seeds"], full["MAE ↓"]) == ("full", "3", "1.000±0.100")
    assert (no_ca["Arm"], no_ca["MAE ↓"]) == ("no_ca", "1.300±0.100")
    # Acc-7 is 0.8 - MAE / 2.
    assert full["Acc-7 ↑"] == "30.0±5.0"
    assert (ridge["Arm"], ridge["seeds"], ridge["MAE ↓"]) == ("ridge", "3", "1.500")


def test_its_means_are_those_of_the_other_tables() -> None:
    study = make_study(("full", "no_ca", "ridge"))
    report = analyse(study, make_records(study, {"full": 0.9, "no_ca": 0.95, "ridge": 1.0}.__getitem__))
    for row in csv_of(report):
        for metric in study.metrics:
            measured = report.arms[row["arm"]].measured[metric].estimates
            assert measured is not None
            assert float(row[metric]) == measured.value


def test_what_the_numbers_are_is_said_in_the_caption() -> None:
    study, records = by_hand()
    assert "mean ± SD over seeds of each seed's mean over 2 folds; accuracies" in notes_of(analyse(study, records))
    official = make_study(("full", "no_ca"), folds=(None,))
    text = notes_of(analyse(official, make_records(official, {"full": 0.9, "no_ca": 0.95}.__getitem__)))
    assert "mean ± SD over seeds; accuracies" in text


def test_components_that_arms_differ_in_have_ticks() -> None:
    full, no_ca, ridge = table_of(analyse(*by_hand()))
    assert "FD" not in full, "no arm switches it"
    assert (full["CA"], no_ca["CA"], ridge["CA"]) == ("✓", "·", "")


def test_a_study_of_methods_has_no_columns_of_components() -> None:
    study = make_study(("full", "mult"))
    (table,) = (
        analyse(study, make_records(study, {"full": 0.9, "mult": 0.95}.__getitem__))
        .section(MainTableSection)
        .markdown_tables()
    )
    assert table.grid.headings[:3] == ("", "Arm", "seeds")


@pytest.mark.parametrize("runs", [1, 2])
def test_one_seed_has_no_sd(runs: int) -> None:
    study, records = by_hand()
    report = analyse(study, [record for record in records if record.seed <= runs])
    assert ("±" in table_of(report)[0]["MAE ↓"]) == (runs == 2)
    assert (csv_of(report)[0]["mae_sd"] == "") == (runs == 1)
    assert "Without ±: one seed, or every seed gives the same." in notes_of(report)


def test_failed_runs_score_as_the_constant_predictor_and_are_counted() -> None:
    study, records = by_hand()
    # Seed 1 of the full model on fold 0, 0.6, becomes 1.4: its mean is 1.3 in place of 0.9.
    report = analyse(study, [failed(records[0]), *records[1:]])
    full = table_of(report)[0]
    assert full["seeds"] == "3 (1 failed)"
    assert full["MAE ↓"] == "1.133±0.153"  # 1.3, 1.0, 1.1: squares of 1/6, -2/15, -1/30 are 7/150, over 2
    assert "Failed runs score as the training-median predictor" in notes_of(report)


def test_a_seed_that_lacks_a_run_is_not_counted_and_the_missing_run_is() -> None:
    study, records = by_hand()
    full = table_of(analyse(study, records[1:] if records[0].arm == "full" else records))[0]
    assert full["seeds"] == "2 (1 missing)"
    # The mean over folds of the means over seeds: of 0.7, 0.8 and of 1.2, 1.3, 1.4.
    assert full["MAE ↓"] == "1.025±0.071"


def marks_of(
    gap: float, contrasts: Sequence[Contrast], seeds: Sequence[int] = (1, 2, 3, 4, 5), num_folds: int = 5
) -> Report:
    study = make_study(("full", "no_ca", "ridge"), contrasts=contrasts, seeds=seeds, folds=range(num_folds))
    return analyse(study, make_records(study, {"full": 0.9, "no_ca": 0.9 + gap, "ridge": 0.9}.__getitem__))


def test_a_mark_names_the_row_that_a_declared_contrast_is_with() -> None:
    full, no_ca, ridge = table_of(marks_of(0.3, [CA, RIDGE]))
    assert full["against"] == "‡ 2; ○ 3"
    assert (no_ca["against"], ridge["against"]) == ("", "")


def test_a_mark_stands_at_the_arm_that_is_better() -> None:
    full, no_ca, _ = table_of(marks_of(-0.3, [CA]))
    assert (full["against"], no_ca["against"]) == ("", "‡ 1")


def test_what_cannot_be_judged_is_marked_as_such() -> None:
    assert table_of(marks_of(0.3, [CA], seeds=(1,)))[0]["against"] == "? 2"


def test_what_is_shown_on_these_data_alone_has_another_mark() -> None:
    # Two folds leave one degree of freedom for new groups: too few for a claim on them.
    report = marks_of(0.3, [CA, RIDGE], num_folds=2)
    row = csv_of(report)[0]
    assert (row["better_than"], row["better_here_than"], row["no_difference_shown_to"]) == ("", "no_ca", "ridge")
    assert table_of(report)[0]["against"] == "† 2; ○ 3"
    assert "† better than that row on these data, not shown for new groups; ○ no difference shown" in notes_of(report)


def test_nothing_declared_nothing_marked() -> None:
    report = marks_of(0.3, [])
    assert "against" not in table_of(report)[0]
    assert "Holm" not in notes_of(report)


def test_both_conventions_stand_in_one_column_as_in_papers() -> None:
    study, records = by_hand()
    scores = {"mae": 0.9, "corr": 0.6, "acc7": 0.3, "acc5": 0.4, "acc2_non0": 0.8, "f1_non0": 0.81}
    scores |= {"acc2_has0": 0.77, "f1_has0": 0.78}
    records = [replace(record, test=scores, fallback_test=scores) for record in records]
    report = analyse(replace(study, metrics=OF_MOSI), records)
    row = table_of(report)[0]
    assert metrics_of(row) == ["MAE ↓", "Corr ↑", "Acc-7 ↑", "Acc-2 ↑", "F1 ↑"]
    assert (row["Acc-2 ↑"], row["F1 ↑"]) == ("77.0 / 80.0", "78.0 / 81.0")
    assert "negative against non-negative labels / negative against positive ones" in notes_of(report)
    assert "acc5" in csv_of(report)[0], "what the table leaves out is in the file"


@pytest.mark.parametrize(
    ("target", "headings"),
    [
        (CLASSES, ["macro F1 ↑", "Acc ↑", "UAR ↑", "weighted F1 ↑"]),
        (BINARIES, ["weighted F1 ↑", "Acc ↑", "UAR ↑"]),
        (SEVERAL, ["MAE ↓", "Corr ↑", "Acc-2 has0 ↑", "F1 has0 ↑"]),
    ],
)
def test_every_kind_of_target_has_its_metrics_the_primary_one_first(target: Target, headings: list[str]) -> None:
    study = make_emotion_study(target, num_folds=2, seeds=(1, 2))
    row = table_of(analyse(study, make_emotion_records(study, {"full": 2.0, "no_ca": 1.0})))[0]
    assert metrics_of(row) == headings
    assert all(re.fullmatch(r"-?[\d.]+±[\d.]+", row[heading]) for heading in headings)


def test_sims_has_its_own_accuracies_under_the_names_of_its_papers() -> None:
    study, records = by_hand()
    names = ("mae", "corr", "acc5_sims", "acc3_sims", "acc2_sims", "f1_sims")
    scores = dict.fromkeys(names, 0.5)
    records = [replace(record, test=scores, fallback_test=scores) for record in records]
    report = analyse(replace(study, metrics=names), records)
    assert metrics_of(table_of(report)[0]) == ["MAE ↓", "Corr ↑", "Acc-5 ↑", "Acc-3 ↑", "Acc-2 ↑", "F1 ↑"]
    assert "as CH-SIMS defines them" in notes_of(report)


def test_it_is_the_first_table_of_the_report_and_a_file_of_every_form() -> None:
    rendered = render_report(analyse(*by_hand()))
    first = next(line for line in rendered.markdown.splitlines() if line.startswith("|"))
    assert [cell.strip() for cell in first.split("|")[2:4]] == ["Arm", "CA"]
    for ending in ("tex", "csv", "md"):
        assert f"(tables/main_table.{ending})" in rendered.markdown
    assert first in rendered.tables["main_table.md"].splitlines()
    assert r"\label{tab:main_table}" in rendered.tables["main_table.tex"]


def test_side_by_side_its_links_lead_to_the_files_of_the_study() -> None:
    study, records = by_hand()
    other = replace(study, study="other")
    rendered = put_side_by_side([analyse(study, records), analyse(other, [replace(r, study="other") for r in records])])
    linked = re.findall(r"\]\(tables/([^)]*)\)", rendered.markdown)
    assert len(linked) == 10
    assert set(linked) <= rendered.tables.keys()


def test_without_a_run_there_is_no_table() -> None:
    section = analyse(by_hand()[0], []).section(MainTableSection)
    assert (section.markdown(), section.latex_tables(), section.markdown_tables()) == ("", (), ())


def test_neighbouring_rows_are_named_together() -> None:
    assert number_ranges((2,)) == "2"
    assert number_ranges((2, 3, 7)) == "2, 3, 7"
    assert number_ranges((2, 3, 4, 6, 8, 9, 10)) == "2-4, 6, 8-10"
