"""Table 4: one modality alone, from arms of their own or from the heads of the decoupled model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.records.details import Details, no_details
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.results.estimates import Estimator
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.sections.paper_tables.section import PaperTablesSection
from reports.sections.paper_tables.unimodal import unimodal_table
from tests.reports.example_studies import COMPONENTS, make_record, make_records
from tests.reports.sections.paper_tables.example_tables import (
    arm,
    study_of,
    tables_of,
    unimodal,
    with_accuracies,
)


def test_table_4_from_arms_of_one_modality_with_mean_and_population_deviation() -> None:
    acc2 = {"language-False": 0.82, "vision-False": 0.58, "audio-False": 0.55, "language-True": 0.84}
    study = study_of(*(unimodal(m, False) for m in ("audio", "language", "vision")), unimodal("language", True))
    table = tables_of(study, acc2)[4]
    assert [row.names for row in table.rows][:5] == [
        ("ACC2", name) for name in ("L only", "V only", "A only", "Mean", "STD")
    ]
    assert (table.dataset, table.is_same_data) == ("CMU-MOSEI", False)
    values = {" ".join(row.names): [entry.cells[0].measured for entry in row.entries] for row in table.rows}
    alone = [values[f"ACC2 {name} only"][0] for name in "LVA"]
    means = [estimates.value for estimates in alone if estimates is not None]
    assert np.abs(np.array(means) - [82, 58, 55]).max() < 4
    mean, std = values["ACC2 Mean"][0], values["ACC2 STD"][0]
    assert mean is not None
    assert std is not None
    assert mean.value == pytest.approx(np.mean(means))
    assert std.value == pytest.approx(np.std(means))
    assert std.rerun.low is not None
    assert std.rerun.p_value is None
    # One modality with FD is not three: no mean of it.
    assert values["ACC2 L only"][2] is not None
    gaps = {" ".join(row.names): [entry.gap for entry in row.entries] for row in table.rows}
    assert gaps["ACC2 Mean"][2] == "not all three modalities are measured"
    assert gaps["ACC2 V only"][1].startswith("no arm of this study has FD alone with its heads kept")
    (printed,) = [row.entries[1].cells[0].printed for row in table.rows if row.names == ("F1", "STD")]
    assert printed is not None
    assert printed.value == 10.1


def test_the_deviation_moves_as_a_rerun_would_move_it() -> None:
    """The delta method against simulation: the spread of the deviation over many studies of the same arms."""
    acc2 = {"language-False": 0.82, "vision-False": 0.60, "audio-False": 0.55}
    study = study_of(*(unimodal(m, False) for m in ("audio", "language", "vision")))
    true = 100 * np.std([0.82, 0.60, 0.55])
    covered, num_studies = 0, 200
    for seed in range(num_studies):
        records = make_records(study, lambda name: 0.9, run_spread=0.02, fold_spread=0.0, seed=seed)
        results = tabulate_results(study, with_accuracies(records, acc2))
        table = unimodal_table(study, Estimator.from_results(results), no_details)
        assert table is not None
        (measured,) = [row.entries[0].cells[0].measured for row in table.rows if row.names == ("ACC2", "STD")]
        assert measured is not None
        assert measured.rerun.low is not None
        assert measured.rerun.high is not None
        covered += measured.rerun.low <= true <= measured.rerun.high
    assert 0.90 <= covered / num_studies <= 0.99


def joint_study() -> tuple[StudyDescription, list[RunRecord], dict[str, Details]]:
    """FD alone with its heads: language answers with the labels, vision with their opposite, audio with a constant."""
    only_fd = {name: name == "fd" for name in COMPONENTS}
    study = study_of(arm("fd-heads", "dmd", components=only_fd, settings={"keep_aux_heads": True}))
    labels = np.array([-2, -1, 0, 1, 3], dtype=np.float32)
    own = Predictions(tuple("abcde"), ("v1", "v1", "v2", "v2", "v3"), labels, labels)
    scores = {"mae": 0.0, "acc7": 1.0, "acc2_non0": 1.0, "f1_non0": 1.0}
    records = [
        make_record("fd-heads", seed, fold, 0.0, test=scores, predictions=own) for seed in (1, 2) for fold in range(5)
    ]
    values = {"language": labels, "vision": -labels, "audio": np.ones(5, dtype=np.float32)}
    details = {f"heads/homo_{modality}": value for modality, value in values.items()}
    return study, records, {record.trial_id: details for record in records}


def test_table_4_reads_the_heads_of_the_decoupled_model() -> None:
    study, records, details = joint_study()
    (table,) = analyse(study, records, details.get).section(PaperTablesSection).tables
    joint = {" ".join(row.names): row.entries[1].cells[0].measured for row in table.rows}
    counts = {" ".join(row.names): row.entries[1].counts for row in table.rows}
    values = {label: None if estimates is None else estimates.value for label, estimates in joint.items()}
    # Four labels are not zero: all hit, none hit, the two positive ones hit; F1 of the last: half of 2 * 2 / (4 + 2).
    assert [values[f"ACC2 {name} only"] for name in "LVA"] == pytest.approx([100, 0, 50])
    assert [values[f"F1 {name} only"] for name in "LVA"] == pytest.approx([100, 0, 100 / 3])
    assert values["ACC2 Mean"] == pytest.approx(50)
    assert values["ACC2 STD"] == pytest.approx(np.std([100, 0, 50]))
    assert counts["ACC2 L only"] is not None
    assert counts["ACC2 L only"].scored == 10


def test_the_decoupled_model_may_be_the_baseline_and_is_told_from_the_same_without_heads() -> None:
    study, records, details = joint_study()
    joint = study.arms[1]
    headless = arm("only-fd", "dmd", "ablation", components=joint.components)
    arms = (headless, replace(joint, role="baseline"))
    study = replace(study_of(headless, joint), arms=arms, baseline=joint.name)
    (table,) = [
        table for table in analyse(study, records, details.get).section(PaperTablesSection).tables if table.number == 4
    ]
    joint_cells = [row.entries[1].cells[0] for row in table.rows if row.names == ("ACC2", "L only")]
    assert [None if cell.measured is None else cell.measured.value for cell in joint_cells] == [pytest.approx(100)]


def test_heads_without_details_or_with_another_scale_are_a_gap() -> None:
    study, records, details = joint_study()
    assert analyse(study, records).section(PaperTablesSection).tables == ()
    del details[records[0].trial_id]
    assert analyse(study, records, details.get).section(PaperTablesSection).tables == ()
    study, records, details = joint_study()
    off = [replace(record, test={**record.test, "acc2_non0": 0.9}) for record in records if record.test]
    assert analyse(study, off, details.get).section(PaperTablesSection).tables == ()


def test_what_always_answering_the_median_scores_is_said_below_table_4() -> None:
    study = study_of(*(unimodal(m, False) for m in ("audio", "language", "vision")))
    (note,) = [note for note in tables_of(study)[4].notes if "training median" in note]
    assert "ACC2 55" in note
    assert "F1 40" in note
    assert "5 folds" in note


def test_the_training_median_is_asked_as_an_arm_is() -> None:
    study, records, _ = joint_study()
    # Of the four labels that are not zero two are positive: answering with 1 scores 50% and F1 1/3.
    fallback = {"mae": 1.4, "acc2_non0": 0.5, "f1_non0": 1 / 3}
    known = [replace(record, fallback_test=fallback, fallback_value=1.0) for record in records]
    estimates = asked(study, known).arm_mean(CONSTANT_PREDICTOR, "acc2_non0")
    assert estimates is not None
    # Under every seed the same: rerun has no width, and new data are asked of the tested groups.
    assert (estimates.value, estimates.rerun.half_width) == (50, 0)
    assert estimates.new_data.n == len({"v1", "v2", "v3"})
    # Where another score was recorded, or not what it answers with, the folds are left.
    for other in ({"fallback_value": None}, {"fallback_test": {**fallback, "acc2_non0": 0.4}}):
        found = asked(study, [replace(record, **other) for record in known]).arm_mean(CONSTANT_PREDICTOR, "acc2_non0")
        assert found is not None
        assert found.new_data.n == 5
    assert (
        asked(study, [replace(record, fallback_test=None) for record in known]).arm_mean(CONSTANT_PREDICTOR, "mae")
        is None
    )


def asked(study: StudyDescription, records: Sequence[RunRecord]) -> Estimator:
    return Estimator.from_results(tabulate_results(study, records))
