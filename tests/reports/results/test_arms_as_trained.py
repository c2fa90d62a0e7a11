"""Where components are searched, a report says of an arm what its runs were trained as, by cell where they differ."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.forms import latex_tables, report_tables
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord, Value
from reports.records.serialise import study_from_json, study_to_json
from reports.records.study_description import StudyDescription
from reports.report import Report
from reports.sections.ablation.section import AblationSection
from reports.sections.paper_tables.section import PaperTablesSection
from reports.sections.run_log.section import ProvenanceSection
from tests.reports.example_studies import COMPONENTS, contrasts_of, make_record, make_study

Toggles = tuple[bool, bool, bool, bool]
FULL: Toggles = (True, True, True, True)
NO_CA_PATH: Toggles = (True, True, False, False)
NO_CA: Toggles = (True, True, False, True)
EMPTY: Toggles = (False, False, False, False)
SIZES = {FULL: 240_634, NO_CA_PATH: 110_118, NO_CA: 200_000, EMPTY: 60_000}


def make_searched(
    chosen: Mapping[str, Sequence[Toggles]], names: Sequence[str] = COMPONENTS, arms: Sequence[str] | None = None
) -> tuple[StudyDescription, list[RunRecord]]:
    """A study that searches ``names`` and a weight for every arm, and its confirm runs: two seeds per fold.

    chosen: arm -> what is on in each fold, in order.
    """
    folds = max(map(len, chosen.values()), default=5)
    study = make_study(arms or list(chosen), seeds=(1, 2), folds=range(folds), scope="per_arm")
    planned = {
        arm.name: replace(arm, facts={"num_parameters": 240_634, "differs_from_baseline": "as planned"})
        for arm in study.arms
    }
    ranges = {"gamma": "log-uniform from 0.01 to 1", **dict.fromkeys(names, "one of true, false")}
    study = replace(
        study,
        arms=tuple(planned.values()),
        search={**study.search, "parameters": ranges, "searcher": "random"},
        fixed={"model": "dmd", "width": 32, "gamma": 0.1, **dict.fromkeys(COMPONENTS, True)},
    )
    records = []
    for arm, of_folds in chosen.items():
        for fold, toggles in enumerate(of_folds):
            on = dict(zip(COMPONENTS, toggles, strict=True))
            tuned: dict[str, Value] = {"gamma": 0.1 + fold, **{name: on[name] for name in names}}
            found = {"parameters": tuned, "settings": {"width": 32, **on, **tuned}, "num_parameters": SIZES[toggles]}
            records += [make_record(arm, seed, fold, 0.9 + 0.01 * seed, **found) for seed in (1, 2)]
    return study, records


def rows_of(report: Report, table: str) -> list[dict[str, str]]:
    found = next(item for item in report_tables(report) if item.name == table)
    return list(csv.DictReader(found.to_csv().splitlines()))


def lines_below(text: str, heading: str) -> list[str]:
    return text[text.index(heading) :].split("\n\n")[1].splitlines()


def test_components_that_were_chosen_everywhere_alike_are_those_of_the_arm() -> None:
    report = analyse(*make_searched({"full": [NO_CA_PATH] * 5}))
    text = render_markdown(report)
    assert lines_below(text, "## Ablation")[2].startswith("| full |  ✓  |   ✓    |  ·  |    ·     |   10 |")
    first = rows_of(report, "ablation")[0]
    assert [first[name] for name in COMPONENTS] == ["true", "true", "false", "false"]
    tuned = "tuned: ca, fd, gamma, hetero_gd, homo_gd"
    assert f"`full`: method `dmd` (DMD); {tuned}; 110118 parameters; as planned." in text
    latex = next(table for table in latex_tables(report) if table.name == "ablation").to_latex()
    assert r"full & $\checkmark$ & $\checkmark$ & $\cdot$ & $\cdot$ & 10" in latex


def test_the_published_row_beside_it_is_that_of_what_was_trained() -> None:
    """FD and HomoGD have a row of Table 3 of their own; arms that vary from cell to cell have none."""
    full, searched = (analyse(*make_searched({"full": [toggles] * 5})) for toggles in (FULL, NO_CA_PATH))
    rows = [report.section(AblationSection).arms.ablation.rows[0].published for report in (full, searched)]
    assert rows[0] is not None
    assert rows[1] is not None
    assert (rows[0].row, rows[1].row) == (1, 4)
    assert (
        analyse(*make_searched({"full": [FULL, NO_CA_PATH]})).section(AblationSection).arms.ablation.rows[0].published
        is None
    )


def test_where_cells_differ_the_tables_say_in_how_many() -> None:
    report = analyse(*make_searched({"full": [FULL, NO_CA_PATH, FULL, EMPTY, FULL]}))
    text = render_markdown(report)
    row = lines_below(text, "## Ablation")[2]
    assert [cell.strip() for cell in row.split("|")[1:6]] == [
        "full", "✓ in 4 of 5", "✓ in 4 of 5", "✓ in 3 of 5", "✓ in 3 of 5"
    ]  # fmt: skip
    assert "✓ in 4 of 5: the search of each cell chose for itself" in text
    assert "4/5: the component is on in so many cells." in text
    assert rows_of(report, "ablation")[0]["ca"] == "3 of 5"
    cells = rows_of(report, "cells")
    assert [(cell["cell"], cell["fd"], cell["ca"], cell["num_parameters"]) for cell in cells] == [
        ("fold 0", "true", "true", "240634"),
        ("fold 1", "true", "false", "110118"),
        ("fold 2", "true", "true", "240634"),
        ("fold 3", "false", "false", "60000"),
        ("fold 4", "true", "true", "240634"),
    ]
    assert (
        "240634 parameters (fold 0, fold 2, fold 4); 110118 parameters (fold 1); "
        "60000 parameters (fold 3); as planned." in text
    )


def test_fixed_settings_are_those_that_no_search_chose() -> None:
    provenance = analyse(*make_searched({"full": [NO_CA_PATH] * 2})).section(ProvenanceSection).provenance
    assert dict(provenance.fixed) == {"model": "dmd", "width": "32"}
    part = (
        analyse(*make_searched({"full": [NO_CA_PATH] * 2}, names=("ca", "hetero_gd")))
        .section(ProvenanceSection)
        .provenance
    )
    assert dict(part.fixed) == {"model": "dmd", "width": "32", "fd": "True", "homo_gd": "True"}


def test_a_search_of_weights_alone_leaves_the_plan_as_it_is() -> None:
    study, records = make_searched({"full": [FULL] * 2}, names=())
    report = analyse(study, [replace(record, num_parameters=1) for record in records])
    assert report.study.arms == study.arms
    assert dict(report.section(ProvenanceSection).provenance.fixed)["ca"] == "True"
    assert "gamma" not in dict(report.section(ProvenanceSection).provenance.fixed)


def test_nothing_is_said_of_searched_components_before_a_run_has_them() -> None:
    study, _ = make_searched({}, arms=["full"])
    report = analyse(study, [])
    assert report.section(AblationSection).arms.ablation.rows[0].ticks == {}
    assert "parameters;" not in render_markdown(report)
    assert "ca" not in dict(report.section(ProvenanceSection).provenance.fixed)


def test_an_attribution_takes_arms_by_what_they_were_trained_with() -> None:
    """The search gave both arms the same: there is no pair that CA alone tells apart."""
    study, records = make_searched({"full": [NO_CA_PATH] * 2, "no_ca": [NO_CA_PATH] * 2})
    report = analyse(study, records)
    assert [contrast.isolates for contrast in report.study.contrasts] == [""]
    assert [row.contrast.isolates for row in contrasts_of(report).rows] == [""]
    as_planned = {"full": [FULL] * 2, "no_ca": [NO_CA] * 2}
    held, kept = make_searched(as_planned)
    assert [contrast.isolates for contrast in analyse(held, kept).study.contrasts] == ["CA given HeteroGD"]


def test_how_an_arm_differs_is_said_of_what_was_trained() -> None:
    study, records = make_searched({"full": [FULL, NO_CA_PATH], "no_ca": [EMPTY, EMPTY]})
    text = render_markdown(analyse(study, records))
    # 60,000 - 240,634 and 60,000 - 110,118.
    assert (
        "60000 parameters; each with what its own search chose: -180634 to -50118 parameters against "
        "the baseline." in text
    )


def test_a_label_that_names_components_says_that_they_were_tuned() -> None:
    study, records = make_searched({"full": [NO_CA_PATH] * 2})
    study = replace(study, arms=tuple(replace(arm, label="full model") for arm in study.arms))
    assert analyse(study, records).section(AblationSection).arms.ablation.rows[0].label == "full model (as tuned)"


def test_failed_runs_tell_components_and_no_size() -> None:
    study, records = make_searched({"full": [NO_CA_PATH] * 2})
    lost = [replace(record, status="failed", test=None, num_parameters=0) for record in records]
    arm = analyse(study, lost).study.arms[0]
    assert dict(arm.components) == dict(zip(COMPONENTS, NO_CA_PATH, strict=True))
    assert analyse(study, [lost[0], *records[1:]]).study.arms[0].facts["num_parameters"] == 110_118


def test_a_plan_that_is_stored_has_nothing_that_varies() -> None:
    study, _ = make_searched({"full": [FULL]})
    assert study_from_json(study_to_json(study)) == study
    assert all(not arm.varying for arm in study.arms)


@pytest.mark.parametrize("toggles", [FULL, NO_CA_PATH])
def test_methods_of_the_paper_are_found_by_what_was_trained(toggles: Toggles) -> None:
    """DMD as published has all four: a search that switched some off is no row of Table 1."""
    study, records = make_searched({"full": [toggles] * 2})
    mult = replace(study.arms[0], name="mult", label="mult", role="model", model="mult", components={})
    study = replace(study, arms=(*study.arms, mult), data={**study.data, "aligned": False})
    (table, *_) = analyse(study, records).section(PaperTablesSection).tables
    measured = {row.label for row in table.rows for entry in row.entries if "full" in entry.arms}
    assert measured == {"DMD" if toggles == FULL else "full"}
