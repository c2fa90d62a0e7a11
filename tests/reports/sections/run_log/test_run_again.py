"""What somebody needs who runs a study again from its report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.sections.run_log.section import RunAgainSection
from tests.reports.example_studies import make_records, make_study


@pytest.mark.parametrize("plugins", [["../plugins/0123456789ab-own.py"], []])
def test_where_the_plugins_of_a_space_lie_is_said_where_it_has_any(plugins: list[str]) -> None:
    study = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1))
    described = replace(study, space_text=f"study: toy\nplugins: {plugins}\n")
    text = analyse(described, make_records(study, lambda arm: 1.0)).section(RunAgainSection).markdown()
    (line,) = (line for line in text.splitlines() if line.startswith("The search space as it ran"))
    said = "Plugins (`../plugins/`) lie in the study's own directory; a copy of the report has none."
    assert line.endswith(said if plugins else ".yaml).")
