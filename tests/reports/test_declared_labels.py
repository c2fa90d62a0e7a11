"""A method that no report has ever heard of: its components are shown by the labels that it declares, everywhere."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.text import Text

import reports
from reports.analysis import analyse
from reports.drawing.plot import Plot
from reports.output.markdown import render_markdown
from reports.records.declared import DeclaredComponent, DeclaredMethod, DeclaredTerm
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.report import Report
from reports.sections.ablation.section import AblationSection
from reports.sections.attribution.section import AttributionSection
from reports.sections.run_log.section import ArmsAsBuiltSection
from tests.reports.example_studies import make_records, make_study

PARTS = ("alpha_part", "beta_part", "gamma_part")
LABELS = ("AlphaPart", "BetaPart", "GammaPart")
ALPHA = DeclaredMethod(
    "Alpha",
    components=tuple(map(DeclaredComponent, PARTS, LABELS)),
    rows=(PARTS, PARTS[:2], PARTS[:1], ()),
    source="Table 9 of the Alpha paper",
)
EVERY = tuple(itertools.product((True, False), repeat=3))


def study_with(rows: tuple[tuple[bool, ...], ...]) -> StudyDescription:
    arms = tuple(
        ArmDescription(
            f"arm{number}", f"arm {number}", "ablation" if number else "baseline", "alpha",
            dict(zip(PARTS, on, strict=True)),
        )
        for number, on in enumerate(rows)
    )  # fmt: skip
    planned = tuple(PlannedCell(arm.name, seed, 0, fold) for arm in arms for seed in (1, 2) for fold in range(3))
    possible = tuple(tuple(name for name, is_on in zip(PARTS, on, strict=True) if is_on) for on in EVERY)
    return replace(
        make_study(contrasts=()),
        arms=arms,
        baseline="arm0",
        planned=planned,
        combinations=possible,
        declared={"alpha": ALPHA},
    )


def report_of(rows: tuple[tuple[bool, ...], ...]) -> Report:
    study = study_with(rows)
    return analyse(study, make_records(study, lambda arm: 0.9 + 0.01 * int(arm[3:])))


@pytest.fixture(scope="module")
def factorial() -> Report:
    return report_of(EVERY)


def drawn_words(figures: tuple[object, ...]) -> set[str]:
    words: set[str] = set()
    for figure in figures:
        assert isinstance(figure, Plot)
        words |= {text.get_text() for text in figure.draw().findobj(Text)}  # type: ignore[attr-defined]
    return words


def test_tables_have_the_labels_and_not_the_names(factorial: Report) -> None:
    text = render_markdown(factorial)
    assert "| Arm | AlphaPart | BetaPart | GammaPart |" in " ".join(text.split())
    assert "| AlphaPart x BetaPart |" in " ".join(text.split())
    assert "### AlphaPart, BetaPart, GammaPart\n" in text
    # What remains are the settings themselves, as code.
    assert not [line for line in text.splitlines() for part in PARTS if part in line.replace(f"`{part}`", "")]
    latex = [table for section in factorial.sections for table in section.latex_tables()]
    named = {table.name for table in latex if "AlphaPart" in repr(table)}
    assert {"ablation", "attribution", "interactions"} <= named
    assert not [table.name for table in latex if "alpha_part" in repr(table)]


def test_figures_have_the_labels_and_not_the_names(factorial: Report) -> None:
    for kind in (AblationSection, AttributionSection):
        words = " | ".join(drawn_words(factorial.section(kind).figures()))
        assert [label for label in LABELS if label not in words] == []
        assert [part for part in PARTS if part in words] == []
        assert all("alpha_part" not in figure.description for figure in factorial.section(kind).figures())  # type: ignore[union-attr]


def test_terms_of_the_loss_stand_with_their_weights_as_the_first_arm_has_them() -> None:
    losses = (
        DeclaredTerm("task"),
        DeclaredTerm("alpha", ("weight", "scale"), "of AlphaPart"),
        DeclaredTerm("b", ("g",)),
    )
    study = study_with(EVERY)
    arms = (replace(study.arms[0], settings={"weight": 0.5, "scale": 0.2, "g": 3.0}), *study.arms[1:])
    searched = {**study.search, "parameters": {"g": "log"}}
    study = replace(study, arms=arms, search=searched, declared={"alpha": replace(ALPHA, losses=losses)})
    section = analyse(study, []).section(ArmsAsBuiltSection)
    text = " ".join(section.markdown().split())
    assert "| Alpha | alpha | weight x scale | 0.1 | of AlphaPart |" in text
    assert "| Alpha | b | g | searched | |" in text
    components, terms = section.csv_tables()
    assert [row[:4] for row in components.rows] == [
        ("alpha", "Alpha", *pair) for pair in zip(PARTS, LABELS, strict=True)
    ]
    assert [(row[2], row[4], row[5]) for row in terms.rows] == [
        ("task", 1.0, False),
        ("alpha", pytest.approx(0.1), False),
        ("b", None, True),
    ]


def test_the_path_leads_through_the_rows_that_the_method_declares() -> None:
    report = report_of(((True, True, True), (True, True, False), (True, False, False), (False, False, False)))
    section = report.section(AttributionSection)
    assert [step.removed for step in section.values.path] == [("gamma_part",), ("beta_part",), ("alpha_part",)]
    text = render_markdown(report)
    assert "### The path of Table 9 of the Alpha paper" in text
    assert "- GammaPart" in text


def test_a_component_without_a_declaration_stands_under_its_name() -> None:
    study = replace(study_with(EVERY[:2]), declared={})
    assert study.component_labels == dict(zip(PARTS, PARTS, strict=True))
    assert "| alpha_part |" in render_markdown(analyse(study, []))


def test_no_module_of_reports_names_a_component() -> None:
    names = {"fd", "homo_gd", "ca", "hetero_gd", "gd", "keep_aux_heads", "dmd", "mult", "unimodal"}
    found = []
    for path in sorted(Path(reports.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in names:
                found.append(f"{path.name}:{node.lineno}: {node.value!r}")
    assert not found
