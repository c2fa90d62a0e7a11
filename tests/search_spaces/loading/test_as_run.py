"""The text of a space as it ran: alone it means what the file meant with the command line's changes."""

from __future__ import annotations

from search_spaces.loading.as_run import as_run
from search_spaces.loading.document import parse_document
from search_spaces.loading.overrides import apply_overrides

WRITTEN = """\
study: mine   # a comment
data: {path: "yes", folds: video}
model: {name: ridge, weakest: 1e-3}
search: {parameters: {weakest: {log_uniform: [1e-5, 0.01]}}, trials: 2}
plugins: [mine.py]
"""


def test_a_file_that_nothing_changed_is_kept_as_it_was_written() -> None:
    assert as_run(parse_document(WRITTEN, "mine.yaml")) == WRITTEN


def test_what_the_command_line_changed_is_in_the_text() -> None:
    changes = ("search.trials=6", "model.strongest=1e2", "confirm={seeds: [1, 2]}", "description='off'")
    document = parse_document(WRITTEN, "mine.yaml")
    text = as_run(document, changes, plugins=("../plugins/abc-mine.py",))
    expected, _, problems = apply_overrides(document.content, changes)
    assert not problems
    assert parse_document(text, "kept").content == {**expected, "plugins": ["../plugins/abc-mine.py"]}
    assert text.splitlines()[:2] == ["# mine.yaml with what the command line changed:", "#   --set search.trials=6"]
