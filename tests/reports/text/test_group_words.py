"""A report calls groups what they are known to be, in every sentence and caption, and nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.write import report_files
from reports.records.study_description import StudyDescription
from tests.reports.example_studies import EDGES, TABLE3, make_records, make_study

NOUNS = {"videos", "speakers", "dialogues", "items", "groups"}


def report_of(noun: str | None, folds: tuple[int | None, ...]) -> str:
    """Everything that is written of a small study: Markdown, HTML and LaTeX."""
    study = make_study(tuple(TABLE3), EDGES, folds=folds)
    data = {"name": "toy", "num_items": 500, "num_groups": 50} | ({} if noun is None else {"groups_are": noun})
    study = replace(study, data=data)
    files = report_files(analyse(study, _records(study)))
    return "\n".join(content.decode() for name, content in files.items() if name.endswith((".md", ".html", ".tex")))


def _records(study: StudyDescription) -> list:
    return make_records(study, lambda arm: 0.9 + 0.01 * len(arm))


@pytest.mark.parametrize("folds", [(0, 1, 2), (None,)], ids=["folds", "official split"])
@pytest.mark.parametrize("noun", ["videos", "speakers", "dialogues", "items", None])
def test_no_sentence_knows_more_of_the_groups_than_the_study(noun: str | None, folds: tuple[int | None, ...]) -> None:
    text = report_of(noun, folds)
    assert f"would it hold for new {noun or 'groups'}" in text
    for other in NOUNS - {noun or "groups", "items", "groups"}:
        assert other not in text, f"{other} in a report on {noun}"
    assert ("every item counts by itself" in text) == (noun == "items")
