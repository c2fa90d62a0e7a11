"""Tables 1, 2, 3 and 5: every printed row stands, what was measured stands at its row, and every gap says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.declared import DeclaredComponent, DeclaredMethod
from reports.sections.paper_tables.text import paper_block
from tests.reports.example_studies import DECLARED
from tests.reports.sections.paper_tables.example_tables import (
    ALL_ON,
    arm,
    row_of,
    study_of,
    tables_of,
    unimodal,
)


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
