"""The section as read: findings in a sentence, honest about adaptive searchers, silent where nothing can be said."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.sections.hyperparameters.csv import hyperparameter_tables
from reports.sections.hyperparameters.findings import best_text
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.hyperparameters.sensitivity import EffectCurve, measure_sensitivity
from tests.reports.example_studies import failed, make_record
from tests.reports.sections.hyperparameters.example_searches import (
    BOX,
    make_search_records,
    make_search_study,
    only_history,
)
from tests.reports.sections.hyperparameters.test_importance import METHOD
from tests.reports.sections.hyperparameters.test_sensitivity import bowl


def searched_study(per_cell: int = 12, **search: object) -> tuple[StudyDescription, list[RunRecord]]:
    """A search of ``full`` with its best trial confirmed under three seeds on every fold."""
    study = make_search_study({**BOX, "kernel": {"choice": [1, 3, 5]}}, **search)
    records = make_search_records(study, bowl, per_cell, 0.02)
    for fold in range(5):
        best = min((r for r in records if r.stage == "search" and r.fold == fold), key=lambda r: r.valid["mae"])
        for seed in (1, 2, 3):
            valid = {"mae": best.valid["mae"] + 0.01 * seed}
            run = make_record("full", seed, fold, 1.0, parameters=best.parameters, settings=best.settings)
            records.append(replace(run, valid=valid))
    return study, records


def text_of(study: StudyDescription, records: list[RunRecord], methods=(METHOD,)) -> str:
    text = render_markdown(analyse(study, records, importance_methods=methods))
    return text[text.index("## Hyperparameters") :].partition("\n## ")[0]


def test_the_section_says_what_matters_first() -> None:
    text = text_of(*searched_study())
    assert re.search(
        r"- `full`: 60 trials show an effect of gamma \([\d.]+ ± [\d.]+ MAE from its worst value to its best; "
        r"best: [^)]+\); not excluded by them: alpha \(up to [\d.]+ MAE\), kernel \(",
        text,
    )
    assert "Beyond noise by R2: gamma." in text
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### Chosen configurations",
        "### How much each parameter matters",
        "### Sensitivity",
        "### How flat the optimum is",
        "### What the search promised",
        "### From validation to test",
    ]
    assert max(len(line) for line in text.splitlines() if line.startswith("|")) <= 150
    assert not re.search(r"\b(nan|inf|None)\b", text)


@pytest.mark.parametrize(("searcher", "is_lead"), [("tpe", True), ("gp", True), ("random", False), ("grid", False)])
def test_a_searcher_that_looked_makes_it_a_lead(searcher: str, is_lead: bool) -> None:
    assert ("A lead, not an estimate" in text_of(*searched_study(searcher=searcher))) is is_lead


def test_thin_searches_are_refused_in_words() -> None:
    study, records = searched_study(per_cell=2)
    text = text_of(study, records)
    assert "`full`: nothing is said of single parameters; 10 trials with a value for 5 parameters" in text
    assert "`full`: not computed; 10 trials with a value" in text
    nothing = text_of(study, [failed(record) for record in records])
    assert "`full`: not computed; no search trial gave a value." in nothing
    old = replace(study, search={key: value for key, value in study.search.items() if key != "distributions"})
    assert "The searched ranges were not recorded" in text_of(old, records)
    unsearched = text_of(replace(study, search={}), [r for r in records if r.stage == "confirm"])
    assert re.findall("^### .*", unsearched, flags=re.MULTILINE) == ["### From validation to test"]


def test_pruned_trials_are_counted_and_named() -> None:
    study, records = searched_study()
    records = [replace(r, status="pruned") if r.number in (1, 2) and r.stage == "search" else r for r in records]
    assert "`full`: 60 trials (2 of them pruned) in 5 cells" in text_of(study, records)


def test_csv_holds_every_point_of_every_curve() -> None:
    report = analyse(*searched_study(), importance_methods=[METHOD])
    tables = {
        table.name: list(csv.DictReader(table.to_csv().splitlines()))
        for table in hyperparameter_tables(report.section(HyperparametersSection).values)
    }
    assert {name: len(rows) for name, rows in tables.items()} == {
        "importance": 5,
        "sensitivity": 4 * 21 + 3,
        "flatness": 5,
        "optimism": 2,
    }
    (sensitivity,) = report.section(HyperparametersSection).values.sensitivity
    curve = next(curve for curve in sensitivity.curves if curve.parameter.name == "gamma")
    points = [row for row in tables["sensitivity"] if row["parameter"] == "gamma"]
    assert [float(point["effect"]) for point in points] == curve.effect.tolist()
    assert (float(points[0]["value"]), float(points[-1]["value"])) == pytest.approx((0.01, 1.0))


def with_best_at(*places: int) -> EffectCurve:
    study, records = searched_study()
    (curve,) = (
        curve for curve in measure_sensitivity(only_history(study, records)).curves if curve.parameter.name == "alpha"
    )
    may_be_best = curve.may_be_best.copy()
    may_be_best[:] = False
    may_be_best[list(places)] = True
    return replace(curve, may_be_best=may_be_best)


@pytest.mark.parametrize(
    ("places", "text"),
    [
        (range(21), "anywhere"),
        (range(5), "up to 0.2"),
        (range(16, 21), "from 0.8"),
        (range(4, 9), "0.2 to 0.4"),
        ((10,), "0.5"),
        ((0, 1, 19, 20), "up to 0.05 or from 0.95"),
        ((0,), "0"),
    ],
)
def test_where_the_best_value_may_lie(places, text: str) -> None:
    assert best_text(with_best_at(*places)) == text
