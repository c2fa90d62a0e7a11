"""A new section is its own folder and one line: whatever it offers is in every form of the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from matplotlib.figure import Figure

from reports.analysis import analyse
from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import Plot
from reports.output.write import report_files, write_files
from reports.sections.section import Section
from reports.text.csv_table import Table
from reports.text.latex_table import LatexTable
from reports.text.markdown_table import Grid
from tests.reports.example_studies import make_records, make_study


@dataclass(frozen=True)
class ToySection(Section):
    """Offers one thing of every kind."""

    title: ClassVar[str] = "A toy section"

    number: int

    def markdown(self) -> str:
        (figure,) = refer_to_figures(self.figures()).values()
        return f"The number is {self.number}.\n\n{figure}"

    def csv_tables(self) -> tuple[Table, ...]:
        return (Table("toy", ("number",), ((self.number,),)),)

    def latex_tables(self) -> tuple[LatexTable, ...]:
        return (LatexTable("toy", "A number.", Grid(("number",), "r", ((str(self.number),),))),)

    def figures(self) -> tuple[Plot, ...]:
        return (Plot("toy", "A toy figure", "Nothing at all.", "An empty page.", Figure),)


@dataclass(frozen=True)
class SilentSection(Section):
    """Has nothing to say."""

    title: ClassVar[str] = "A silent section"

    def markdown(self) -> str:
        return ""


def test_a_section_that_joins_a_report_is_in_every_form_of_it(tmp_path: Path) -> None:
    study = make_study()
    report = analyse(study, make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__))
    before = report_files(report)
    with_toy = replace(report, sections=(*report.sections, ToySection(42), SilentSection()))
    text = write_files(report_files(with_toy), tmp_path).read_text()
    assert text == before["report.md"].decode() + (
        "\n## A toy section\n\nThe number is 42.\n\n"
        "![A toy figure. Nothing at all.](figures/toy.svg)\n\n*An empty page.*\n"
    )
    page = (tmp_path / "report.html").read_text()
    assert "A toy section</a></li>" in page
    assert "The number is 42." in page
    assert "A toy figure" in page
    assert (tmp_path / "tables" / "toy.csv").read_text() == "number\n42\n"
    assert "42 \\\\" in (tmp_path / "tables" / "toy.tex").read_text()
    assert (tmp_path / "figures" / "toy.png").stat().st_size > 0
    added = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} - set(before)
    assert added == {"tables/toy.csv", "tables/toy.tex", "figures/toy.svg", "figures/toy.png"}


def test_no_two_sections_of_a_report_give_files_of_the_same_name() -> None:
    study = make_study()
    sections = analyse(study, make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__)).sections
    csv = [table.name for section in sections for table in section.csv_tables()]
    latex = [table.name for section in sections for table in section.latex_tables()]
    figures = [plot.name for section in sections for plot in section.figures()]
    for names in (csv, latex, figures):
        assert len(set(names)) == len(names) > 5
