"""Chosen configurations: one line per parameter, one column per fold, inheriting arms named once."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.sections.hyperparameters.section import HyperparametersSection
from tests.reports.example_studies import make_record, make_records, make_search_record, make_study

NAMES = ("alpha", "gamma", "kernel.audio", "kernel.language", "kernel.vision", "lambda1", "lambda2", "learning_rate")


def test_eight_parameters_fit_a_terminal_and_folds_stand_side_by_side() -> None:
    study = make_study(("full",))
    records = []
    for fold in range(5):
        chosen = {name: 0.001234 * (place + 1) * (fold + 1) for place, name in enumerate(NAMES)}
        records.append(make_record("full", 1, fold, 0.9, parameters=chosen))
        records.append(make_search_record("full", fold, 0, 0.8 + fold / 100, parameters=chosen))
    (block,) = analyse(study, records).section(HyperparametersSection).grids.configurations
    (grid,) = block.grids
    assert grid.headings == ("Parameter", "fold 0", "fold 1", "fold 2", "fold 3", "fold 4")
    assert [row[0] for row in grid.rows] == [*NAMES, "best valid MAE"]
    assert grid.rows[1][:3] == ("gamma", "0.00247", "0.00494")
    assert grid.rows[-1][1:3] == ("0.810 of 1", "0.820 of 1")
    assert max(len(line) for line in str(grid).splitlines()) <= 100


def test_arms_that_inherit_are_named_with_what_has_no_effect_in_them() -> None:
    study = make_study(("full", "no_ca", "plain"))
    records = make_records(study, lambda arm: 0.9)
    records = [replace(r, parameters={}) if r.arm == "plain" else r for r in records]
    records = [replace(r, parameters={**r.parameters, "alpha": 0.5}) if r.arm == "full" else r for r in records]
    (block,) = analyse(study, records).section(HyperparametersSection).grids.configurations
    assert block.lead.startswith("`full`, from 10 search trials in 5 cells; inherited by `no_ca`")
    assert "(without alpha: no effect there)" in block.lead


def test_many_cells_are_cut_into_tables_of_at_most_six_of_about_one_size() -> None:
    study = make_study(("full",), folds=tuple(range(10)))
    text = render_markdown(analyse(study, make_records(study, lambda arm: 0.9)))
    heads = [line for line in text.splitlines() if line.startswith("| Parameter")]
    assert [head.count("fold") for head in heads] == [5, 5]
