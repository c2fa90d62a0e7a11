"""How far a study is, from the lines of its ledger: what trains, what other studies had, what other code predicted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.ledger.events import Event, check_line, encode_event
from orchestration.ledger.progress import StudyProgress
from reports.records.serialise import record_to_json
from tests.reports.example_studies import make_record


def events() -> Iterator[Event]:
    """Six trials are planned, and two known elsewhere; one of these is taken over, one trains, one is other code's."""
    yield Event(1, 0, "start", {"session": {"num_planned": 6, "num_reusable": 2}})
    for seq, (name, reused_from) in enumerate((("theirs", None), ("known", "study first"), ("here", None))):
        record = make_record("full", seq, 0, 1.0, trial_id=name, reused_from=reused_from)
        yield Event(3 * seq + 2, 0, "ask", {"trial_id": name, "trial": {}})
        if name == "here":
            yield Event(3 * seq + 3, 0, "attempt", {"trial_id": name})
        yield Event(3 * seq + 4, 1000, "tell", {"trial_id": name, "record": record_to_json(record)})


def test_predictions_of_other_code_are_not_results_that_were_reused() -> None:
    """Of six trials three have ended and one more is known: two are left, of one second each."""
    progress = StudyProgress()
    for event in events():
        line = check_line(encode_event(event))
        assert line is not None
        progress.see(line)
    assert (progress.num_ended, progress.num_ended_here, progress.num_reused_here) == (3, 1, 1)
    assert progress.left_s(6, now_ms=1000) == pytest.approx(2.0)
