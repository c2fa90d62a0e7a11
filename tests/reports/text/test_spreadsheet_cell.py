"""No text of a CSV file is a formula to a spreadsheet, numbers stay numbers, and what was written can be read back."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from reports.analysis import analyse
from reports.output.forms import report_tables
from reports.records.study_description import Contrast
from reports.text.csv_table import Table
from reports.text.spreadsheet_cell import inert_key, inert_text, original_text
from tests.reports.example_studies import failed, make_records, make_study

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    '=HYPERLINK("http://x.example","y")',
    "-cmd|' /C calc'!A0",
    "-3g5yACwYnA$_$13",
    "＝1+1",  # noqa: RUF001
)
NUMBERS = ("-1", "+2", "-0.25", "-1e-05", "-.5", "3.", "12")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_would_be_a_formula_begins_with_an_apostrophe_and_is_found_again(text: str) -> None:
    assert inert_text(text) == f"'{text}"
    assert original_text(inert_text(text)) == text


@pytest.mark.parametrize("text", [*NUMBERS, "", "full", "w/o CA", "no-ca", "a = b", "'quoted'", "don't", "5e", "x@y"])
def test_numbers_and_other_words_stay_as_they_are(text: str) -> None:
    assert inert_text(text) == text
    assert original_text(text) == text


@pytest.mark.parametrize("text", ["'=1", "''-x", "'@"])
def test_an_apostrophe_that_was_there_is_not_lost(text: str) -> None:
    assert inert_text(text) == f"'{text}"
    assert original_text(inert_text(text)) == text


def test_a_formula_behind_another_divider_is_none_either() -> None:
    assert inert_text("a;=1+1") == "a;'=1+1"
    assert inert_text("a\n=1+1") == "a\n'=1+1"
    assert inert_text("\t=1+1") == "'\t'=1+1"
    assert inert_text("\r=1+1") == "'\r'=1+1"
    assert inert_text("a; -1") == "a; -1"


@pytest.mark.parametrize("key", ["-3g5yACwYnA$_$13", "--qXJuDtHPw", "-a-b[5]", "-6rXp3zJ3kc_2.0", "+x"])
def test_names_of_clips_that_tables_are_joined_by_stay(key: str) -> None:
    assert inert_key(key) == key


@pytest.mark.parametrize("key", ["=1", "@x", "-1+1", "-A1*2", "-f(x)", "-cmd|x!A0", "＝1"])  # noqa: RUF001
def test_a_key_that_could_do_something_does_nothing(key: str) -> None:
    assert inert_key(key) == f"'{key}"


def test_a_table_is_safe_in_headings_and_cells_and_its_numbers_are_numbers() -> None:
    table = Table("t", ("=arm", "value", "word"), (("=1+1", -0.25, "-3"), ("ridge", -1e-7, "+x"), ("-", -2, None)))
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert [row[0] for row in rows] == ["'=arm", "'=1+1", "ridge", "'-"]
    assert [row[2] for row in rows] == ["word", "-3", "'+x", ""]
    frame = pd.read_csv(io.StringIO(table.to_csv()))
    assert frame["value"].tolist() == [-0.25, -1e-7, -2.0]


def test_no_cell_of_any_table_of_a_report_is_a_formula() -> None:
    study = make_study(("full", "no_ca", "=1+1"), contrasts=[Contrast("full", "=1+1", "@method")], seeds=(1, 2))
    records = [
        replace(record, parameters={"-p": "=x", "gamma": -0.5}, reused_from="+other", device="@gpu")
        for record in make_records(study, {"full": 0.9, "no_ca": 0.95, "=1+1": 1.0}.__getitem__)
    ]
    records[0] = failed(records[0], "-cmd|' /C calc'!A0")
    tables = report_tables(analyse(study, records))
    written = {table.name: list(csv.reader(io.StringIO(table.to_csv()))) for table in tables}
    cells = [(name, cell) for name, rows in written.items() for row in rows for cell in row]
    held = [(name, cell) for name, cell in cells if re.match("'[=+@-]", cell)]
    assert {"main_table", "ablation", "contrasts", "trials", "runs", "failures", "cost", "configurations"} <= {
        name for name, _ in held
    }
    bare = [(name, cell) for name, cell in cells if re.match("[=+@-]", cell)]
    assert bare, "differences and searched values below zero"
    assert all(math.isfinite(float(cell)) for _, cell in bare)
