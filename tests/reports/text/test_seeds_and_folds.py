"""Where arms were run, in words: seeds by the arms that have them, folds where there are folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.results.results import ResultsTable
from reports.results.tabulate import tabulate_results
from reports.text.seeds_and_folds import cells_text, over_cells, seeds_text
from tests.reports.example_studies import make_records, make_study


def run_line(study: StudyDescription, records: list[RunRecord]) -> str:
    """What the report says of stages, runs, seeds and folds."""
    text = render_markdown(analyse(study, records))
    return " ".join(text[text.index("- Stages:") :].split("\n- ")[0].split())


def test_seeds_are_those_of_the_arms_that_have_them() -> None:
    """Five seeds were run, three are asked for now; the control has its own."""
    study = make_study(("full", "no_ca"), seeds=(1, 2, 3), folds=(0, 1, 2))
    five = make_study(("full", "no_ca"), seeds=(1, 2, 3, 4, 5), folds=(0, 1, 2))
    records = make_records(five, lambda arm: 0.9)
    assert run_line(study, records).endswith("30 of 30 runs, seeds 1, 2, 3, 4, 5, 3 folds.")
    fewer = [r for r in records if not (r.stage == "confirm" and r.arm == "no_ca" and r.seed > 3)]
    assert run_line(study, fewer).endswith("seeds 1, 2, 3, 4, 5 (full) and 1, 2, 3 (no_ca), 3 folds.")
    control = make_study(("full", "control"), seeds=(1, 2), folds=(None,))
    assert run_line(control, make_records(control, lambda arm: 0.9)).endswith(
        "seeds 1, 2 (full) and 101, 102 (control), one split."
    )


def table_of(seeds: dict[str, list[int]], cells: list[tuple[int, int | None]]) -> ResultsTable:
    study = make_study(tuple(seeds))
    planned = tuple(
        PlannedCell(arm, seed, repeat, fold) for arm, held in seeds.items() for seed in held for repeat, fold in cells
    )
    return tabulate_results(replace(study, planned=planned), [])


def test_many_seeds_are_a_range_and_many_groups_a_number() -> None:
    assert seeds_text(table_of({"full": list(range(1, 21))}, [(0, 0)])) == "seeds 1 to 20"
    raced = {"full": [1, 2, 3], "no_ca": [1, 2], "no_hetero_gd": [1], "ridge": [1, 2, 3, 4]}
    assert seeds_text(table_of(raced, [(0, 0)])) == "1 to 4 seeds per arm"
    assert seeds_text(table_of({"full": []}, [(0, 0)])) == "no seeds"


@pytest.mark.parametrize(
    ("cells", "told", "over"),
    [
        ([(0, None)], "one split", "seeds"),
        ([(0, 0), (0, 1), (0, 2)], "3 folds", "seeds and folds"),
        ([(r, f) for r in range(2) for f in range(3)], "3 folds in each of 2 repeats", "seeds and folds"),
    ],
)
def test_folds_are_said_where_there_are_folds(cells: list[tuple[int, int | None]], told: str, over: str) -> None:
    table = table_of({"full": [1]}, cells)
    assert (cells_text(table), over_cells(table.is_official)) == (told, over)


def test_an_arm_of_other_code_has_seeds_of_its_own() -> None:
    study = make_study(("full",), seeds=(1, 2, 3), folds=(None,))
    given = ArmDescription("theirs", "theirs", "model", "external", {})
    planned = (*study.planned, PlannedCell("theirs", 1, 0, None))
    study = replace(study, arms=(*study.arms, given), planned=planned)
    table = tabulate_results(study, [])
    assert seeds_text(table) == "seeds 1, 2, 3 (full) and 1 (theirs)"
    assert np.array_equal(table.seeds, [1, 2, 3])
