"""What a report says of classes and of questions: counts by hand, and the sections of small planted studies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from reports.analysis import analyse
from reports.drawing.plot import NoPlot, Plot
from reports.records.run_record import Predictions
from reports.report import Report
from reports.sections.ablation.section import AblationSection
from reports.sections.classes.confusion import Confusion, confusions
from reports.sections.classes.figure import confusion_plot
from reports.sections.classes.section import ClassesSection, QuestionsSection
from reports.sections.classes.text import confusion_grid, confusion_sentence
from tests.reports.example_emotions import (
    BINARIES,
    CLASSES,
    EMOTIONS,
    NUM_GROUPS,
    PER_GROUP,
    SEVERAL,
    make_emotion_records,
    make_emotion_study,
)
from tests.reports.example_studies import failed

SKILL = {"full": 1.8, "no_ca": 1.2}


@pytest.fixture(scope="module")
def of_classes() -> Report:
    study = make_emotion_study(CLASSES)
    return analyse(study, make_emotion_records(study, SKILL))


def test_confusion_by_hand() -> None:
    counts = np.array([[6.0, 2.0, 0.0], [1.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
    found = Confusion("full", "full", 3, counts)
    assert found.num_items.tolist() == [8, 4, 0]
    assert found.shares[:2].tolist() == [[0.75, 0.25, 0.0], [0.25, 0.75, 0.0]]
    assert np.isnan(found.shares[2]).all()
    names = ("sad", "happy", "angry")
    assert confusion_grid(found, names).rows == (
        ("sad", "8", "75.0 (6)", "25.0 (2)", "0.0 (0)"),
        ("happy", "4", "25.0 (1)", "75.0 (3)", "0.0 (0)"),
        ("angry", "0", "–", "–", "–"),  # noqa: RUF001
    )
    assert confusion_sentence(found, names) == "full most often takes sad for happy: 25.0% of 8 items."
    nothing = Confusion("full", "full", 1, np.diag([2.0, 1.0, 0.0]))
    assert confusion_sentence(nothing, names) == "full confuses nothing."


def test_every_tested_item_counts_once_whatever_the_number_of_seeds() -> None:
    """Seeds are averaged, folds summed; scikit-learn counts the single runs."""
    study = make_emotion_study(CLASSES, seeds=(1, 2))
    records = make_emotion_records(study, SKILL)
    lost = failed(records[0])  # one run of the first fold
    report = analyse(study, [lost, *records[1:]])
    found = {one.arm: one for one in confusions(study, report.results)}["full"]
    assert found.num_runs == 9
    assert found.counts.sum() == pytest.approx(5 * NUM_GROUPS * PER_GROUP)
    expected = np.zeros((4, 4))
    for record in records[1:]:
        if record.arm == "full" and record.predictions is not None:
            made = record.predictions
            matrix = confusion_matrix(made.labels, made.values.argmax(axis=1), labels=range(4))
            expected += matrix / (1 if record.fold == 0 else 2)
    np.testing.assert_allclose(found.counts, expected)


def test_classes_are_shown_with_their_numbers_and_intervals(of_classes: Report) -> None:
    section = of_classes.section(ClassesSection)
    text = section.markdown()
    (confusion,) = (one for one in section.confusions if one.arm == "full")
    for name, number in zip(EMOTIONS, confusion.num_items, strict=True):
        assert f"F1 {name} ↑ % ({number:.0f} items)" in text
    assert "tables/confusion.csv" in text
    (table,) = section.csv_tables()
    assert table.name == "confusion"
    assert len(table.rows) == 2 * 4 * 4
    (plot,) = section.figures()
    assert isinstance(plot, Plot)
    assert plot.draw().axes[0].get_title() == ""
    # What stands here does not stand among the other metrics again.
    others = of_classes.section(AblationSection).markdown().partition("Other metrics")[2]
    assert "UAR" in others
    assert "F1 angry" not in others
    assert {table.name for table in section.latex_tables()} == {"by_class_1", "by_class_2", "confusion"}


def test_intervals_of_every_primary_metric_of_classes_are_there(of_classes: Report) -> None:
    """New-data intervals need replicates of a score that is no mean over items."""
    for row in of_classes.arms.values():
        for name, measured in row.measured.items():
            assert measured.estimates is not None
            assert measured.estimates.new_data.method == "spread between groups over folds", name
            assert measured.estimates.new_data.low is not None, name


def test_on_an_official_split_groups_are_left_out() -> None:
    for target in (CLASSES, BINARIES, SEVERAL):
        study = make_emotion_study(target, num_folds=0)
        report = analyse(study, make_emotion_records(study, SKILL))
        for row in report.arms.values():
            for name, measured in row.measured.items():
                assert measured.estimates is not None
                assert measured.estimates.new_data.n == NUM_GROUPS, (target.kind, name)
                assert measured.estimates.new_data.low is not None, (target.kind, name)


def test_questions_are_shown_in_pairs() -> None:
    study = make_emotion_study(BINARIES, num_folds=0)
    report = analyse(study, make_emotion_records(study, SKILL))
    text = report.section(QuestionsSection).markdown()
    for name in EMOTIONS:
        assert f"Acc {name} ↑ %" in text
        assert f"F1 {name} ↑ %" in text
    assert report.section(ClassesSection).markdown() == ""
    assert report.section(ClassesSection).csv_tables() == ()
    assert [table.name for table in report.section(QuestionsSection).latex_tables()] == [
        "by_question_1",
        "by_question_2",
    ]


def test_other_targets_have_neither_section() -> None:
    study = make_emotion_study(SEVERAL, num_folds=0)
    report = analyse(study, make_emotion_records(study, SKILL))
    for section in (report.section(ClassesSection), report.section(QuestionsSection)):
        assert (section.markdown(), section.csv_tables(), section.latex_tables(), section.figures()) == ("", (), (), ())
    assert "MAE text" in report.section(AblationSection).markdown()


def test_too_many_classes_are_no_picture() -> None:
    names = tuple(f"class{number}" for number in range(40))
    plot = confusion_plot([Confusion("full", "full", 1, np.eye(40))], names)
    assert isinstance(plot, NoPlot)
    assert "confusion.csv" in plot.reason


def test_predictions_of_another_form_are_left_out_and_break_nothing() -> None:
    study = make_emotion_study(CLASSES, num_folds=0)
    records = make_emotion_records(study, SKILL)
    made = records[0].predictions
    assert made is not None
    num_items = len(made.ids)
    for wrong in (
        Predictions(made.ids, made.groups, made.labels, np.zeros(num_items, dtype=np.float32)),
        Predictions(made.ids, made.groups, made.labels + 4, made.values),
        Predictions(made.ids, made.groups, made.labels, made.values[:, :3]),
    ):
        report = analyse(study, [replace(records[0], predictions=wrong), *records[1:]])
        found = {one.arm: one.num_runs for one in report.section(ClassesSection).confusions}
        assert found == {"full": 2, "no_ca": 3}
        estimates = report.arms["full"].measured["macro_f1"].estimates
        assert estimates is not None
        assert estimates.new_data.low is None
        assert estimates.new_data.note
