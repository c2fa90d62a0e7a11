"""Every figure can be drawn, with words beside it, and the same report gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.analysis import analyse
from reports.figures.catalogue import plots_of
from reports.figures.plot import NoPlot, Plot
from reports.figures.render import Drawing, render
from reports.record import StudyDescription
from reports.report import Report
from tests.reports.studies import EDGES, TABLE3, make_records, make_study

MEANS = dict(zip((*TABLE3, "control", "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93), strict=True))
NAMES = ("contrasts", "arms", "pareto")


def with_trade_off(study: StudyDescription) -> StudyDescription:
    return replace(study, search={**study.search, "objectives": ["valid/mae", "device_seconds"]})


def whole_report() -> Report:
    study = with_trade_off(make_study(tuple(MEANS), contrasts=EDGES))
    return analyse(study, make_records(study, MEANS.__getitem__))


def drawn(name: str) -> Drawing:
    plot = plots_of(whole_report())[name]
    assert isinstance(plot, Plot), plot
    return render(plot)


def test_the_list_is_complete() -> None:
    assert tuple(plots_of(whole_report())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_drawn_with_its_words(name: str) -> None:
    drawing = drawn(name)
    root = ElementTree.fromstring(drawing.svg)
    words = " ".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text"))
    assert "MAE" in words
    assert drawing.title
    assert len(drawing.description) > 40
    assert drawing.png.startswith(b"\x89PNG")
    assert "<dc:date>" not in drawing.svg


@pytest.mark.parametrize("name", NAMES)
def test_same_values_same_bytes_in_another_process(name: str) -> None:
    program = (
        "import hashlib, sys\n"
        "from tests.reports.figures.test_catalogue import drawn\n"
        f"drawing = drawn({name!r})\n"
        "print(hashlib.sha256(drawing.svg.encode() + drawing.png).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_study_without_runs_says_why_there_is_no_figure() -> None:
    plots = plots_of(analyse(make_study(), []))
    assert len(plots) == len(NAMES)
    for plot in plots.values():
        assert isinstance(plot, NoPlot)
        assert plot.reason.startswith("No ")
        assert plot.reason.endswith(".")


@pytest.mark.parametrize("label", ["a very long name " * 20, "$x^2$ & <b>", "\\frac", "名前"])
@pytest.mark.filterwarnings("ignore:Glyph")  # a script that the figure font lacks
def test_any_name_can_be_drawn(label: str) -> None:
    study = with_trade_off(make_study())
    arms = (study.arms[0], replace(study.arms[1], label=label))
    study = replace(study, arms=arms, contrasts=(replace(EDGES[1], isolates=label),))
    report = analyse(study, make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__))
    for plot in plots_of(report).values():
        assert isinstance(plot, Plot)
        ElementTree.fromstring(render(plot).svg)
