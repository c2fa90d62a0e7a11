"""What the ledger says about trials: a pure fold, in which repeated epochs count once."""

from __future__ import annotations

from orchestration.ledger.events import Event
from orchestration.ledger.state import LedgerState, fold_events
from orchestration.ledger.trial_json import trial_from_json, trial_to_json
from reports.records.serialise import record_to_json
from search_spaces.terms.trial import Cell
from tests.orchestration.toy_runner import make_trial
from tests.reports.example_studies import make_record

A, B = make_trial(seed=1), make_trial(seed=2, cell=Cell(1, 3), parameters={"x": 0.5})


def event(seq, kind, about, **data):
    return Event(seq, 1000 + seq, kind, {"trial_id": about.id, **data})


def report(seq, trial, epoch, value):
    return event(seq, "report", trial, epoch=epoch, metrics={"valid/mae": value}, duration_s=0.5)


def record_of(trial):
    return record_to_json(make_record(trial.arm, trial.seed, trial.cell.fold, 0.9, trial_id=trial.id))


EVENTS = [
    Event(1, 1001, "start", {}),
    event(2, "ask", A, trial=trial_to_json(A)),
    event(3, "ask", B, trial=trial_to_json(B)),
    event(4, "attempt", B),
    report(5, B, 1, 0.9),
    event(6, "attempt", B),
    report(7, B, 1, 0.8),
    report(8, B, 2, "nan"),
    event(9, "tell", A, record={"trial_id": A.id}),
]


def test_fold():
    state = fold_events(EVENTS)
    assert list(state.running) == [B.id]
    assert state.ended == {A.id: {"number": 0, "trial_id": A.id}}, "a record of an earlier version gets its number"
    assert state.num_asked == 2
    running = state.running[B.id]
    assert (running.trial, running.number, running.attempts) == (B, 1, 2)
    assert {epoch: (item.metrics["valid/mae"], item.at_ms) for epoch, item in running.epochs.items() if epoch == 1} == {
        1: (0.9, 1005)
    }, "an epoch repeated after a retry keeps its first value and time"
    assert sorted(running.epochs) == [1, 2]


def test_equal_events_give_equal_states():
    assert repr(fold_events(EVENTS)) == repr(fold_events(list(EVENTS)))


def test_events_without_their_ask_are_counted_and_left_out():
    state = fold_events([e for e in EVENTS if not (e.kind == "ask" and e.trial_id == B.id)])
    assert not state.running
    assert state.num_orphans == 5


def test_a_trial_survives_json():
    assert trial_from_json(trial_to_json(B)) == B
    assert trial_from_json(trial_to_json(B)).id == B.id


def test_records_read_one_by_one_are_those_kept_together():
    events = [
        event(1, "ask", A, trial=trial_to_json(A)),
        event(2, "ask", B, trial=trial_to_json(B)),
        event(3, "tell", B, record=record_of(B)),
        event(4, "tell", B, record=record_of(B)),
        event(5, "tell", A, record={**record_of(A), "number": 7}),
    ]
    state = LedgerState(keeps_records=False)
    read = [record for item in events if (record := state.apply_and_read(item)) is not None]
    assert [(record.trial_id, record.number) for record in read] == [(B.id, None), (A.id, 7)]
    assert tuple(read) == fold_events(events).records()
    assert not any(state.ended.values()), "nothing is kept twice"
