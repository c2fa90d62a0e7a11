"""Every sitting's space has a file of its own beside a merged report."""

from __future__ import annotations

from dataclasses import replace

from reports.records.study_description import MergedPart
from reports.sections.run_log.kept_spaces import kept_spaces
from tests.reports.example_studies import make_study


def test_parts_of_one_name_and_one_that_is_named_like_the_second_keep_a_file_each() -> None:
    parts = tuple(MergedPart(name, {}, space_text=f"study: {place}\n") for place, name in enumerate(("a", "a", "a-2")))
    kept = kept_spaces(replace(make_study(("full",)), parts=parts))
    assert [space.text for space in kept] == ["study: 0\n", "study: 1\n", "study: 2\n"]
    assert [space.path for space in kept] == [
        "spaces_as_run/a.yaml",
        "spaces_as_run/a-2.yaml",
        "spaces_as_run/a-2-2.yaml",
    ]
