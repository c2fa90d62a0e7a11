"""What is said of results calls an arm by one name, the one that a paper prints; files for programs have both."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

from reports.analysis import analyse
from reports.output.rendered import render_report
from tests.reports.example_studies import EDGES, TABLE3, make_records, make_study

LABELS = {
    "full": "full model",
    "no_hetero_gd": "w/o HeteroGD",
    "no_ca": "w/o CA",
    "no_ca_hetero_gd": "w/o CA, HeteroGD",
    "fd_only": "FD only",
    "plain": "no component",
}
RESULTS = ("Main table", "Ablation", "Contrasts", "What this study can detect", "Methods")


def test_results_call_an_arm_by_its_label_alone() -> None:
    study = make_study((*TABLE3, "control", "mult"), contrasts=EDGES)
    arms = tuple(replace(arm, label=LABELS.get(arm.name, arm.label)) for arm in study.arms)
    records = make_records(study, lambda arm: 0.9 + 0.02 * [*TABLE3, "control", "mult"].index(arm))
    rendered = render_report(analyse(replace(study, arms=arms), records))
    answer, *sections = re.split(r"^## (.+)$", rendered.markdown, flags=re.MULTILINE)
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    read = [answer, *(told[title] for title in RESULTS)]
    assert sum(text.count("w/o CA") for text in read) > 10
    for text in read:
        shown = re.sub(r"tables/[\w.]+|figures/[\w.]+|`[^`]*`", "", text)
        assert not re.findall(rf"\b(?:{'|'.join(set(LABELS) - {'full', 'plain'})})\b", shown)
        assert "full - " not in shown and "- plain" not in shown
    drawn = rendered.drawings["contrasts"].svg
    assert "w/o CA" in drawn and "no_ca" not in drawn
    rows = list(csv.DictReader(io.StringIO(rendered.tables["contrasts.csv"])))
    assert {row["first"] for row in rows} <= set(LABELS)
