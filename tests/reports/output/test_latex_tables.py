"""LaTeX tables say what the Markdown says, cell by cell, and compile as they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

from reports.analysis import analyse
from reports.output.forms import latex_tables
from reports.output.markdown import render_markdown
from reports.report import Report
from reports.text.latex_table import LatexTable, escape
from reports.text.markdown_table import Grid
from tests.reports.example_studies import EDGES, TABLE3, failed, make_records, make_study

MEANS = dict(
    zip((*TABLE3, "control", "ridge", "mult"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93, 0.92), strict=True)
)
SYMBOLS = get_default_latex_context_db()
SYMBOLS.add_context_category(
    "unknown to it",
    macros=[
        MacroTextSpec("checkmark", "✓"),
        MacroTextSpec("circ", "○"),
        MacroTextSpec("ddagger", "‡"),
        MacroTextSpec("textasciicircum", "^"),
    ],
    prepend=True,
)
READER = LatexNodes2Text(math_mode="text", latex_context=SYMBOLS)
AWKWARD = r"a_b & 50% of #1 {x} ~ ^ \ $5 <y> ✓ · ± † ‡ ○ – -3 (-0.4 to -0.1) full - no-ca"  # noqa: RUF001


def whole_report() -> Report:
    study = make_study(tuple(MEANS), contrasts=EDGES)
    arms = tuple(replace(arm, label="w/o CA & 5% of $x_i") if arm.name == "no_ca" else arm for arm in study.arms)
    records = make_records(study, MEANS.__getitem__)
    records[3] = failed(records[3])
    return analyse(replace(study, arms=arms), records)


def read_cells(latex: str) -> list[list[str]]:
    """The cells of a LaTeX table as a reader of the page sees them, by a parser that is not ours."""
    body = latex.split(r"\toprule")[1].split(r"\bottomrule")[0].replace(r"\midrule", "")
    rows = [row.strip() for row in body.split("\\\\\n") if row.strip()]
    return [[READER.latex_to_text(cell).strip() for cell in re.split(r"(?<!\\)&", row)] for row in rows]


def read_markdown(text: str) -> list[list[str]]:
    rows = [line for line in text.splitlines() if line.startswith("|") and not re.match(r"\| :?-+:? ", line)]
    return [[cell.strip().replace("\\\\", "\\") for cell in row.split("|")[1:-1]] for row in rows]


def test_every_cell_of_every_table_is_the_cell_of_the_markdown() -> None:
    report = whole_report()
    shown = read_markdown(render_markdown(report))
    tables = latex_tables(report)
    assert [table.name for table in tables] == [
        "main_table",
        "ablation",
        "other_metrics_1",
        "contrasts",
        "contrast_tests",
        "methods",
        "table1",
        "table3",
        "table5",
    ]
    compared = 0
    for table in tables:
        cells = read_cells(table.to_latex())
        start = shown.index(cells[0])
        assert cells == shown[start : start + len(cells)]
        compared += sum(map(len, cells))
    assert compared > 250


def test_whatever_a_cell_holds_is_printed() -> None:
    assert READER.latex_to_text(escape(AWKWARD)) == AWKWARD
    assert escape("-0.3") == "$-$0.3"
    assert escape("no-ca") == "no-ca"


def test_a_row_is_no_option_of_what_stands_before_it() -> None:
    grid = Grid(("[Arm]", "n"), "lr", (("[a]", "1"), ("*b", "[2]")))
    lines = LatexTable("t", "Caption.", grid).to_latex().splitlines()
    assert r"{}[Arm] & n \\" in lines
    assert r"{}[a] & 1 \\" in lines
    assert r"{}*b & [2] \\" in lines


def test_only_a_table_with_ticks_speaks_of_them() -> None:
    plain, ticked = (LatexTable("t", "Caption.", Grid(("Arm", "on"), "lc", (("a", cell),))) for cell in ("no", "✓"))
    assert "checkmark" not in plain.to_latex()
    assert "amssymb" not in plain.to_latex()
    assert r"\providecommand{\checkmark}" in ticked.to_latex()
    noted = LatexTable("t", "Caption.", Grid(("Arm",), "l", (("a",),)), notes=("✓: on.",))
    assert r"\providecommand{\checkmark}" in noted.to_latex()


def test_a_block_begins_with_a_rule() -> None:
    grid = Grid(("Arm", "n"), "lr", (("a", "1"), ("b", "2"), ("c", "3")), blocks=(1,))
    lines = LatexTable("t", "Caption.", grid).to_latex().splitlines()
    assert lines[lines.index(r"a & 1 \\") + 1] == r"\midrule"
    assert lines.count(r"\midrule") == 2


if shutil.which("pdflatex"):

    def test_the_tables_compile_and_none_is_wider_than_the_page(tmp_path: Path) -> None:
        tables = (*latex_tables(whole_report()), LatexTable("awkward", AWKWARD, Grid(("x",), "l", ((AWKWARD,),))))
        for table in tables:
            (tmp_path / f"{table.name}.tex").write_text(table.to_latex())
        inputs = "".join(rf"\input{{{table.name}}}" + "\n" for table in tables)
        for packages in ("booktabs,amssymb,graphicx", "booktabs"):
            preamble = rf"\documentclass{{article}}\usepackage{{{packages}}}"
            (tmp_path / "all.tex").write_text(rf"{preamble}\begin{{document}}{inputs}\end{{document}}")
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-2000:]
            assert packages == "booktabs" or "Overfull" not in done.stdout
            assert (tmp_path / "all.pdf").stat().st_size > 10_000
