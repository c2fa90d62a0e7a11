"""Tables 1 to 5: every printed row stands, what was measured stands at its row, and every gap says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.declared import DeclaredComponent, DeclaredMethod
from reports.records.details import Details, no_details
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.results.estimates import Estimator
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.sections.paper_tables.section import PaperTablesSection
from reports.sections.paper_tables.table import PaperTable
from reports.sections.paper_tables.text import paper_block
from reports.sections.paper_tables.unimodal import unimodal_table
from tests.reports.example_studies import COMPONENTS, DECLARED, FALLBACK, make_record, make_records, make_study

METRICS = ("mae", "acc7", "acc2_non0", "f1_non0")
ALL_ON = dict.fromkeys(COMPONENTS, True)


def arm(name: str, model: str, role: str = "model", **changes: object) -> ArmDescription:
    """components and settings as keywords."""
    fields: dict[str, object] = {"components": {}, "settings": {}, **changes}
    return ArmDescription(name, name, role, model, **fields)  # type: ignore[arg-type]


FULL = arm("full", "dmd", "baseline", components=ALL_ON)


def study_of(*arms: ArmDescription, data: Mapping[str, object] | None = None, **changes: object) -> StudyDescription:
    study = make_study(("full",), contrasts=())
    arms = (FULL, *arms)
    planned = [PlannedCell(one.name, seed, 0, fold) for one in arms for seed in (1, 2, 3) for fold in range(5)]
    known = {"name": "mosi_toy", "aligned": False, "text": "glove"} | dict(data or {})
    fields: dict[str, object] = {
        "arms": arms,
        "metrics": METRICS,
        "planned": tuple(planned),
        "methods": ("dmd", "mult", "ridge", "misa"),
        **changes,
    }
    return replace(study, data=known, **fields)  # type: ignore[arg-type]


def with_accuracies(records: Sequence[RunRecord], acc2: Mapping[str, float]) -> list[RunRecord]:
    """Records whose ``acc2_non0`` is the arm's, give or take the noise of their MAE."""
    made = []
    for record in records:
        test = None
        if record.test is not None:
            noise = record.test["mae"] - 0.9
            test = {**record.test, "acc2_non0": acc2.get(record.arm, 0.8) + noise}
        fallback = None if record.fallback_test is None else {**FALLBACK, "acc2_non0": 0.55}
        made.append(replace(record, test=test, fallback_test=fallback))
    return made


def tables_of(study: StudyDescription, acc2: Mapping[str, float] | None = None) -> dict[int, PaperTable]:
    records = with_accuracies(make_records(study, lambda name: 0.9), acc2 or {})
    return {table.number: table for table in analyse(study, records).section(PaperTablesSection).tables}


def row_of(table: PaperTable, *names: str) -> tuple[str, list[float | None], list[float | None], str]:
    """(arms, printed, measured, gap) of the row that begins with ``names``."""
    (row,) = [row for row in table.rows if row.names[: len(names)] == names]
    (entry,) = row.entries
    printed = [None if cell.printed is None else cell.printed.value for cell in entry.cells]
    measured = [None if cell.measured is None else cell.measured.value for cell in entry.cells]
    return "+".join(entry.arms), printed, measured, entry.gap


def test_a_study_without_arms_of_the_paper_shows_no_table() -> None:
    assert tables_of(study_of()) == {}
    assert tables_of(study_of(arm("ridge", "ridge"))) == {}
    assert "Published beside measured" not in render_markdown(analyse(study_of(arm("ridge", "ridge")), []))


def test_table_1_has_every_printed_row_and_the_measured_number_at_its_setting() -> None:
    study = study_of(arm("mult", "mult", components={"gd": False}), arm("ridge", "ridge"), unimodal("audio", False))
    table = tables_of(study)[1]
    assert len(table.rows) == 21 + 2
    assert table.blocks == (10, 13, 21)  # aligned, aligned with BERT, unaligned, this study's own
    arms, printed, measured, gap = row_of(table, "MulT", "unaligned")
    assert (arms, printed, gap) == ("mult", [39.1, 81.1, 81.0], "")
    assert measured[0] == pytest.approx(100 * (0.8 - 0.9 / 2), abs=2)
    other = "printed for aligned data, this study's are unaligned"
    assert row_of(table, "MulT", "aligned") == ("", [40.0, 83.0, 82.8], [None] * 3, other)
    assert row_of(table, "DMD", "unaligned")[0] == "full"
    assert row_of(table, "MICA", "unaligned")[3] == "no arm of this study, and not implemented here"
    # An arm of MISA would not fill it: the study's data are not those of the row.
    assert row_of(table, "MISA*", "aligned")[3] == other
    assert row_of(table, "ridge", "this study")[:2] == ("ridge", [None] * 3)
    assert row_of(table, "audio-False", "this study")[:2] == ("audio-False", [None] * 3)
    assert table.is_same_data


def test_aligned_bert_data_stand_at_the_rows_with_an_asterisk() -> None:
    study = study_of(arm("mult", "mult"), arm("misa", "misa"), data={"aligned": True, "text": "bert"})
    table = tables_of(study)[1]
    assert row_of(table, "DMD*", "aligned")[0] == "full"
    assert row_of(table, "MISA*", "aligned")[0] == "misa"
    # The paper has no MulT on BERT: it has a row of its own.
    assert row_of(table, "mult", "this study")[0] == "mult"


def test_an_arm_that_trains_bert_stands_at_the_row_with_an_asterisk() -> None:
    study = study_of(
        arm("dmd-bert", "dmd", components=ALL_ON, settings={"text": "bert_ids"}),
        arm("deaf", "mult", settings={"modalities": "language+vision"}),
        data={"aligned": True, "text": "384-d"},
    )
    table = tables_of(study)[1]
    assert row_of(table, "DMD*", "aligned")[0] == "dmd-bert"
    assert row_of(table, "DMD", "aligned")[0] == "full"
    assert row_of(table, "MulT", "aligned")[3].startswith("no arm of this study")
    assert "384-d text features (neither GloVe nor BERT)" in table.notes[1]


def test_mosei_is_table_2_and_other_data_stand_beside_no_table() -> None:
    mult = arm("mult", "mult")
    assert list(tables_of(study_of(mult, data={"name": "mosei_senti"}))) == [2, 5]
    # MMSA calls the files of both data sets the same; their folders tell them apart.
    mmsa = {"name": "aligned_50.pkl", "path": "MOSEI/Processed/aligned_50.pkl"}
    assert list(tables_of(study_of(mult, data=mmsa))) == [2, 5]
    assert list(tables_of(study_of(mult, data=mmsa | {"path": "/data/MOSI/Processed/aligned_50.pkl"}))) == [1, 5]
    assert tables_of(study_of(mult, data=mmsa | {"path": "aligned_50.pkl"})) == {}
    for name in ("planted", "ch-sims"):
        study = study_of(mult, data={"name": name})
        assert tables_of(study) == {}
        assert "CMU-MOS" not in render_markdown(analyse(study, []))


def test_predictions_of_other_code_belong_to_the_method_they_are_named_after() -> None:
    table = tables_of(study_of(arm("MICA", "external"), arm("mine", "external")))[1]
    assert row_of(table, "MICA", "unaligned")[0] == "MICA"
    assert row_of(table, "mine", "this study")[0] == "mine"


def test_a_method_stands_at_the_printed_row_of_its_label_whatever_its_name() -> None:
    declared = {**DECLARED, "late": DeclaredMethod("LF-LSTM"), "invariant": DeclaredMethod("MISA")}
    study = study_of(arm("mine", "late"), methods=("dmd", "late", "invariant"), declared=declared)
    table = tables_of(study)[1]
    assert row_of(table, "LF-LSTM", "unaligned")[:2] == ("mine", [33.7, 77.6, 77.8])
    data = {"aligned": True, "text": "bert"}
    table = tables_of(
        study_of(arm("other", "late"), arm("mult", "mult"), data=data, methods=study.methods, declared=declared)
    )[1]
    assert row_of(table, "MISA*", "aligned")[3].startswith("no arm of this study (arms.models: [invariant] would")


def test_a_method_after_a_description_has_a_row_of_its_own_and_the_printed_row_says_so() -> None:
    declared = {**DECLARED, "pmr-style": DeclaredMethod("PMR-style"), "mica-style": DeclaredMethod("MICA-style")}
    methods = ("dmd", "mult", "pmr-style", "mica-style")
    table = tables_of(study_of(arm("mult", "mult"), arm("mine", "pmr-style"), methods=methods, declared=declared))[1]
    assert row_of(table, "mine", "this study")[0] == "mine"
    arms, _, measured, gap = row_of(table, "PMR", "unaligned")
    assert (arms, measured) == ("", [None] * 3)
    assert gap == "not implemented as published; its -style arm, after its description, has a row of its own"
    gap = row_of(table, "MICA", "unaligned")[3]
    assert (
        gap == "not implemented as published (arms.models: [mica-style] adds a row of its own, after its description)"
    )


def test_every_method_of_the_study_has_a_row_and_the_arms_without_one_are_named() -> None:
    without_fd = dict(ALL_ON, fd=False)
    study = study_of(
        arm("mult", "mult"),
        arm("plain", "dmd", components=without_fd),
        arm("text", "dmd", components=ALL_ON, settings={"modalities": "language"}),
        arm("no-fd", "dmd", "ablation", components=without_fd),
        arm("again", "dmd", "control", components=ALL_ON),
    )
    table = tables_of(study)[1]
    assert [row_of(table, name, "this study")[0] for name in ("plain", "text")] == ["plain", "text"]
    placed = {one for row in table.rows for entry in row.entries for one in entry.arms}
    assert placed == {"full", "mult", "plain", "text"}
    (note,) = [note for note in table.notes if "has a row" in note]
    assert note.endswith("arms of the baseline have none here: no-fd, again.")


def test_a_component_is_the_paper_s_by_its_label_whatever_its_name() -> None:
    names = ("a", "b", "c", "d")
    mine = DeclaredMethod("DMD", components=tuple(map(DeclaredComponent, names, ("fd", "HOMOGD", "Ca", "HeteroGD"))))
    arms = (
        arm("full", "mine", "baseline", components=dict.fromkeys(names, True)),
        arm("no-c", "mine", "ablation", components={name: name != "c" for name in names}),
    )
    study = replace(study_of(arms[1]), arms=arms, declared={"mine": mine})
    assert [row_of(tables_of(study)[3], row)[0] for row in "123"] == ["full", "", "no-c"]
    unlike = replace(mine, label="Other")
    assert 3 not in tables_of(replace(study, declared={"mine": unlike}))


def test_a_method_without_a_component_that_its_authors_have_is_not_the_published_one() -> None:
    misa = DeclaredMethod("MISA", components=(DeclaredComponent("similarity", "similarity"),))
    bert = {"aligned": True, "text": "bert"}
    whole, part = (arm(f"misa-{on}", "misa", components={"similarity": on}) for on in (True, False))
    table = tables_of(study_of(part, whole, data=bert, declared={**DECLARED, "misa": misa}))[1]
    assert row_of(table, "MISA*", "aligned")[0] == whole.name
    assert tables_of(study_of(part, data=bert, declared={**DECLARED, "misa": misa})) == {}


def test_a_control_or_a_model_with_gd_is_not_the_published_method() -> None:
    study = study_of(
        arm("mult-gd", "mult", components={"gd": True}), arm("control", "dmd", "control", components=ALL_ON)
    )
    assert list(tables_of(study)) == [5]
    table = tables_of(study)[5]
    assert [row.names[0] for row in table.rows] == ["MulT", "MulT (w/ GD)", "DMD"]
    assert row_of(table, "MulT")[1:] == ([39.1, 81.1, 81.0], [None] * 3, "no arm of this study")
    assert [cell.printed and cell.printed.is_repaired for cell in table.rows[0].entries[0].cells] == [False, True, True]
    assert row_of(table, "MulT (w/ GD)")[0] == "mult-gd"
    assert "[81.1]" in str(paper_block(table).grid)


def test_table_3_keeps_missing_rows_and_adds_this_studys_own() -> None:
    no_homo = dict(ALL_ON, homo_gd=False)
    study = study_of(
        arm("no-ca", "dmd", "ablation", components=dict(ALL_ON, ca=False)),
        arm("no-homo_gd", "dmd", "ablation", components=no_homo),
        arm("no-homo_gd-heads", "dmd", "ablation", components=no_homo, settings={"keep_aux_heads": True}),
    )
    table = tables_of(study)[3]
    assert [row.names[0] for row in table.rows] == [*"123456", "no-homo_gd", "no-homo_gd-heads"]
    assert [row_of(table, str(n))[0] for n in range(1, 7)] == ["full", "", "no-ca", "", "", ""]
    assert row_of(table, "2")[1:] == ([38.8, 81.1], [None, None], "no arm of this study switches these components")
    assert row_of(table, "no-homo_gd")[1] == [None, None]
    assert table.blocks == (6,)


def unimodal(modality: str, fd: bool) -> ArmDescription:
    return arm(f"{modality}-{fd}", "unimodal", settings={"modality": modality, "fd": fd})


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


def test_gaps_are_footnotes_with_the_rows_they_are_about() -> None:
    study = study_of(arm("mult", "mult"))
    block = paper_block(tables_of(study)[1])
    grid = str(block.grid)
    assert max(len(line) for line in grid.splitlines()) <= 152
    (line,) = [line for line in grid.splitlines() if line.startswith("| MICA ")]
    letter = line.split("|")[5].strip()[-1]
    (note,) = [note for note in block.gaps if note.startswith(f"{letter}: ")]
    assert "not implemented here" in note
    assert "MICA" in note
    text = render_markdown(analyse(study, []))
    assert "the arm has no confirm run yet (MulT" in text


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
