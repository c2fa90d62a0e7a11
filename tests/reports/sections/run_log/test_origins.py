"""Every cell can be traced to its trials, and every row has the command that makes it again."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.forms import report_tables
from reports.output.markdown import render_markdown
from reports.results.tabulate import tabulate_results
from reports.sections.run_log.origins import row_commands
from reports.sections.run_log.section import ProvenanceSection
from tests.reports.example_studies import failed, make_record, make_records, make_study


def test_a_cell_names_the_trials_that_it_is_the_mean_of() -> None:
    study = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1))
    runs = [
        make_record("full", 1, 0, 0.8),
        make_record("full", 2, 0, 1.0),
        make_record("full", 1, 1, 0.7),
        failed(make_record("no_ca", 1, 0, 0.9)),
    ]
    cells = {(cell.arm, cell.cell): cell for cell in analyse(study, runs).section(ProvenanceSection).provenance.cells}
    assert list(cells) == [("full", "fold 0"), ("full", "fold 1"), ("no_ca", "fold 0")]
    assert cells["full", "fold 0"].trial_ids == ("full-confirm-1-0", "full-confirm-2-0")
    assert cells["full", "fold 0"].seeds == (1, 2)
    assert cells["full", "fold 0"].means["mae"] == pytest.approx(0.9)
    assert cells["full", "fold 0"].means["acc7"] == pytest.approx(100 * (0.8 - 0.45))
    assert cells["no_ca", "fold 0"].means["mae"] == pytest.approx(1.4), "a failed run scores as the fallback"
    lost = replace(failed(make_record("no_ca", 1, 1, 0.9)), fallback_test=None)
    (cell,) = analyse(study, [lost]).section(ProvenanceSection).provenance.cells
    assert cell.means["mae"] is None


def test_every_run_of_the_tables_is_behind_a_cell() -> None:
    study = make_study(("full", "no_ca", "control"))
    report = analyse(study, make_records(study, lambda arm: 0.9))
    tables = {table.name: list(csv.DictReader(table.to_csv().splitlines())) for table in report_tables(report)}
    behind = [trial for row in tables["cells"] for trial in row["trial_ids"].split()]
    assert sorted(behind) == sorted(row["trial_id"] for row in tables["runs"])
    text = render_markdown(report)
    assert (
        "| control | fold 4 | c4            | control-confirm-101-4 control-confirm-102-4 control-confirm-103-4 |"
        in text
    )


def test_a_row_is_made_again_by_its_arm_alone_elsewhere() -> None:
    study = make_study(("full", "no_ca"))
    command = (
        "dmd-search --space 'my space.yaml' --only full --out=runs --set a=1 --out b --reuse old --fresh --quiet --json"
    )
    commands = {row.arm: row.command for row in row_commands(study, tabulate_results(study, []), command)}
    assert commands == {
        "full": "dmd-search --space 'my space.yaml' --set a=1 --only full --out again",
        "no_ca": "dmd-search --space 'my space.yaml' --set a=1 --only no_ca --out again",
    }
    text = render_markdown(analyse(study, []))
    assert "dmd-search --space toy --only no_ca --out again" in text


def test_a_raced_row_is_given_the_seeds_that_it_got() -> None:
    study = make_study(("full", "no_ca"), folds=(0,))
    raced = replace(study, confirm={**study.confirm, "racing": {"looks": [1, 2, 3]}})
    results = tabulate_results(raced, [make_record("full", seed, 0, 0.9) for seed in (1, 2)])
    first, other = (row.command for row in row_commands(raced, results, "dmd-search --space toy"))
    assert first == "dmd-search --space toy --set 'confirm={seeds: 2}' --only full --out again"
    assert other == "dmd-search --space toy --only no_ca --out again"


@pytest.mark.parametrize("command", ["", "dmd-search --space 'unfinished"])
def test_a_command_that_was_not_recorded_or_cannot_be_read_gives_none(command: str) -> None:
    study = replace(make_study(("full",)), provenance={"command_line": command})
    assert row_commands(study, tabulate_results(study, []), command) == ()
    assert ("was not recorded" in render_markdown(analyse(study, []))) is (command == "")


def test_many_cells_are_left_to_the_csv() -> None:
    study = make_study(("full", "no_ca"), folds=tuple(range(60)), seeds=(1,))
    text = render_markdown(analyse(study, make_records(study, lambda arm: 0.9)))
    assert "Trials, in the order of seeds" not in text
    assert "tables/cells.csv" in text
