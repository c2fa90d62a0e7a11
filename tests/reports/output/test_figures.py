"""Every figure can be drawn, with words beside it, and the same report gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.analysis import analyse
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.render import Drawing, render
from reports.output.forms import plots_of
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.report import Report
from tests.reports.example_details import details_of, reader, with_predictions
from tests.reports.example_studies import COMPONENTS, EDGES, TABLE3, make_records, make_study
from tests.reports.sections.attribution.test_attribution import POSSIBLE
from tests.reports.sections.hyperparameters.example_searches import make_search_records, make_search_study

MEANS = dict(zip((*TABLE3, "control", "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93), strict=True))
NAMES = (
    "contrasts",
    "arms",
    "interactions",
    "learning-curves",
    "search-trials",
    "sensitivity",
    "pareto",
    "tuning-curves",
    "edges-homo",
    "edges-hetero",
    "common-space",
    "feature-spaces",
)


def with_trade_off(study: StudyDescription) -> StudyDescription:
    return replace(study, search={**study.search, "objectives": ["valid/mae", "device_seconds"]})


@cache
def whole_report() -> Report:
    """A study that has everything: a factorial under FD, a random search, details of every trial."""
    study = with_trade_off(make_search_study(arms=tuple(MEANS), folds=(0, 1, 2)))
    study = replace(
        study, arms=(*study.arms, *more_arms()), planned=(*study.planned, *more_cells(study)), combinations=POSSIBLE
    )
    records = with_predictions(make_records(study, lambda arm: MEANS.get(arm, 0.94)))
    searched = make_search_records(study, lambda drawn: (float(drawn["alpha"]) - 0.5) ** 2, per_cell=12)
    confirmed = [record for record in records if record.stage == "confirm"]
    return analyse(study, [*confirmed, *searched], reader(details_of(confirmed)))


def more_arms() -> tuple[ArmDescription, ...]:
    """The combinations with FD on that Table 3 lacks."""
    rows = {
        "no_homo": (True, False, True, True),
        "ca": (True, False, True, False),
        "hetero": (True, False, False, True),
    }
    return tuple(
        ArmDescription(name, name, "ablation", "dmd", dict(zip(COMPONENTS, row, strict=True)))
        for name, row in rows.items()
    )


def more_cells(study: StudyDescription) -> list[PlannedCell]:
    return [replace(cell, arm=arm.name) for cell in study.planned if cell.arm == "full" for arm in more_arms()]


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
    words = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]
    assert len(words) > 5
    assert drawing.title
    assert len(drawing.description) > 40
    assert drawing.png.startswith(b"\x89PNG")
    assert "<dc:date>" not in drawing.svg


def digests() -> str:
    return " ".join(hashlib.sha256(drawn(name).svg.encode() + drawn(name).png).hexdigest() for name in NAMES)


def test_same_values_same_bytes_in_another_process() -> None:
    """Another seed of hashes, so another order of sets; and more threads, so other sums if any were left to them."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.reports.output.test_figures import digests\nprint(digests())\n"],
        env={**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == digests().split()


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
    drawings = [render(plot) for plot in plots_of(report).values() if isinstance(plot, Plot)]
    assert len(drawings) >= 3
    for drawing in drawings:
        ElementTree.fromstring(drawing.svg)
