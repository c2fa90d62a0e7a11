"""A description that somebody changed by hand: a report, or one line on what cannot be; never a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.serialise import study_from_json, study_to_json
from tests.reports.sections.hyperparameters.test_section import searched_study

STUDY, RECORDS = searched_study(per_cell=4)
STORED = json.dumps(study_to_json(replace(STUDY, combinations=(("fd",), ()))))
CHANGES = st.sampled_from([None, 0, 7, -1.5, "text", "valid/mae", True, [], {}, [1], {"a": 1}, ["mae"], [[]]])


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value but its root."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


PLACES = sorted(places(json.loads(STORED)), key=str)


def report_of(payload: Any) -> str:
    """The report; the line of what is wrong. Anything else escapes."""
    try:
        study = study_from_json(payload)
        return render_markdown(analyse(study, RECORDS))
    except ValueError as error:
        return str(error)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(PLACES), CHANGES)
def test_one_changed_value(place: tuple[Any, ...], value: Any) -> None:
    payload = json.loads(STORED)
    inner = payload
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    text = report_of(payload)
    assert text.startswith("# ") or len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("search", "trials", "many", "study toy: search.trials cannot be 'many'"),
        ("search", "distributions", [1], "study toy: search.distributions cannot be [1]"),
        ("confirm", "seeds", 3, "study toy: confirm.seeds cannot be 3"),
        ("data", "name", 5, "study toy: data.name cannot be 5"),
    ],
)
def test_what_a_report_looks_up_is_named(section: str, key: str, value: object, message: str) -> None:
    payload = json.loads(STORED)
    payload[section][key] = value
    assert report_of(payload).startswith(message)
