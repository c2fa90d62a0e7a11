"""Hundreds of arms: every one keeps its row, panels and paragraphs go to the baseline and to those that seem best."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from reports.analysis import analyse
from reports.drawing.plot import Plot
from reports.output.forms import plots_of, report_tables
from reports.output.markdown import render_markdown
from reports.records.study_description import ArmDescription, Contrast
from reports.report import Report
from reports.results.estimates import EstimatePair
from reports.results.highlighted_arms import MOST_HIGHLIGHTED, highlight_arms
from reports.sections.ablation.section import AblationSection
from tests.reports.example_studies import make_record
from tests.reports.sections.hyperparameters.example_searches import make_search_records, make_search_study

BOX = {"alpha": {"uniform": [0.0, 1.0]}, "gamma": {"log_uniform": [0.01, 1.0]}}


def mae_of(number: int) -> float:
    """The later an arm was planned, the better it is; the baseline, arm 0, is the worst."""
    return 1.0 - 0.01 * number


@cache
def report_of(num_arms: int, primary: str = "mae") -> Report:
    names = ["full", *(f"arm{number}" for number in range(1, num_arms))]
    study = make_search_study(BOX, arms=tuple(names), folds=(0,))
    arms = [ArmDescription(name, f"label of {name}", "ablation", "dmd", {}) for name in names]
    arms[0] = replace(arms[0], role="baseline")
    contrasts = tuple(Contrast("full", name) for name in names[1:])
    study = replace(study, arms=tuple(arms), contrasts=contrasts, primary=primary)
    # Not a whole hundredth apart, so that runs of an arm differ.
    records = [
        make_record(place.arm, place.seed, 0, mae_of(names.index(place.arm)) + 0.001 * place.seed)
        for place in study.planned
    ]
    searched = [
        record
        for name in names
        for record in make_search_records(study, lambda drawn: float(drawn["alpha"]), per_cell=21, arm=name)
    ]
    return analyse(study, [*records, *searched])


def highlighted_in(report: Report) -> tuple[str, ...]:
    return report.section(AblationSection).highlighted.names


def means_of(report: Report) -> dict[str, EstimatePair | None]:
    return {name: row.measured[report.primary.name].estimates for name, row in report.arms.items()}


def test_few_arms_are_all_shown() -> None:
    report = report_of(MOST_HIGHLIGHTED)
    assert highlighted_in(report) == tuple(arm.name for arm in report.study.arms)
    assert report.section(AblationSection).highlighted.selection == ""
    assert "in part lucky" not in render_markdown(report)


def test_of_many_arms_the_baseline_and_the_best_are_shown_in_the_order_of_the_study() -> None:
    best = [f"arm{number}" for number in range(40 - MOST_HIGHLIGHTED + 1, 40)]
    assert highlighted_in(report_of(40)) == ("full", *best)


def test_better_is_higher_where_the_metric_says_so() -> None:
    report = report_of(40, "corr")
    assert highlighted_in(report) == highlighted_in(report_of(40)), "corr is 1 - mae / 2 in these records"
    worst_first = replace(report.primary, higher_is_better=False)
    names = highlight_arms(report.study, worst_first, means_of(report)).names
    assert names == tuple(arm.name for arm in report.study.arms)[:MOST_HIGHLIGHTED]


def test_an_arm_without_numbers_is_shown_last() -> None:
    report = report_of(40)
    thin = highlight_arms(report.study, report.primary, {**means_of(report), "arm39": None}).names
    assert "arm39" not in thin
    assert "arm8" in thin
    assert "arm8" not in highlighted_in(report)


def test_the_report_says_what_is_left_out_and_where_it_is() -> None:
    text = render_markdown(report_of(40))
    assert "32 of 40 arms, the baseline and those with the best mean MAE; the tables have all." in text
    assert "best-looking of so many arms are in part lucky" in text


@pytest.mark.parametrize(
    ("heading", "next_heading"),
    [
        ("### Chosen configurations", "### How much"),
        ("### Sensitivity", "### How flat"),
        ("### How flat the optimum is", "### What the search promised"),
    ],
)
def test_paragraphs_of_single_arms_are_those_of_the_arms_in_detail(heading: str, next_heading: str) -> None:
    part = render_markdown(report_of(40)).partition(heading)[2].partition(next_heading)[0]
    blocks = set(re.findall(r"^`(\w+)`", part, flags=re.MULTILINE))
    assert blocks and blocks <= set(highlighted_in(report_of(40)))
    assert "arm39" in blocks


def test_tables_have_every_arm() -> None:
    report = report_of(40)
    tables = {table.name: table for table in report_tables(report)}
    for name in ("ablation", "sensitivity", "configurations", "learning_curves", "cost"):
        assert {row[0] for row in tables[name].rows} == {arm.name for arm in report.study.arms}, name
    assert {row[1] for row in tables["contrasts"].rows} == {arm.name for arm in report.study.arms[1:]}
    ablation = render_markdown(report).partition("## Ablation")[2].partition("## Contrasts")[0]
    assert all(f"| label of {arm.name} " in ablation for arm in report.study.arms)


def test_figures_stay_of_a_size_that_can_be_drawn() -> None:
    """A PNG ends at 65,536 pixels: a row per arm would not fit from a thousand arms on."""
    plots = plots_of(report_of(60))
    for name in ("contrasts", "arms", "learning-curves", "sensitivity"):
        plot = plots[name]
        assert isinstance(plot, Plot)
        assert plot.draw().get_figheight() < 25, name


def test_the_first_contrasts_are_drawn_and_the_caption_says_so() -> None:
    few, many = plots_of(report_of(40))["contrasts"], plots_of(report_of(60))["contrasts"]
    assert isinstance(few, Plot) and isinstance(many, Plot)
    assert "all are in the table" not in few.caption
    assert many.caption.endswith("The first 40 of 59; all are in the table.")
    assert "full - label of arm40 " in many.description and "full - label of arm41 " not in many.description
