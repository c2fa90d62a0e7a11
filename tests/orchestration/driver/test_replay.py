"""A fresh searcher that is fed the ledger of a study proposes what the study ran, and reacts to what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.trial_json import trial_from_json
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json
from search_spaces.schema.distributions import Choice, LogUniform, Uniform
from search_spaces.terms.trial import Trial
from tests.orchestration.search.test_optuna_search import make_search
from tests.orchestration.toy_studies import run_toy

SPACE = {"x": Uniform(0.0, 1.0), "rate": LogUniform(1e-4, 1e-1), "kind": Choice(("a", "b"))}
SEARCHERS = ["random", "tpe", "gp", "cmaes"]


def fresh(searcher: str):  # type: ignore[no-untyped-def]
    return make_search(searcher, SPACE, num_trials=14)


@pytest.fixture(scope="module", params=SEARCHERS)
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Event]]:
    """A searcher and the ledger of a study that it led, with trials stopped early."""
    directory = tmp_path_factory.mktemp(request.param)
    run_toy(directory, fresh(request.param), scheduler="asha")
    with Ledger(directory) as ledger:
        return request.param, list(ledger.events())


def feed(
    searcher: str, events: list[Event], change: Callable[[int, RunRecord], RunRecord] = lambda number, record: record
) -> list[tuple[Trial, Trial | None]]:
    """(what the ledger holds, what a fresh searcher proposes there) for every ask, with changed endings."""
    source = fresh(searcher)
    pairs, num_told = [], 0
    for event in events:
        if event.kind == "ask":
            pairs.append((trial_from_json(event.data["trial"]), source.ask()))
        elif event.kind == "tell":
            source.tell(change(num_told, record_from_json(event.data["record"])))
            num_told += 1
    return pairs


def test_a_fresh_searcher_proposes_what_the_ledger_holds(study: tuple[str, list[Event]]) -> None:
    searcher, events = study
    pairs = feed(searcher, events)
    assert len(pairs) == 14
    assert [proposed for _, proposed in pairs] == [held for held, _ in pairs]


def test_one_changed_value_changes_later_proposals_and_no_earlier_ones(study: tuple[str, list[Event]]) -> None:
    searcher, events = study
    changed_at = 6

    def change(number: int, record: RunRecord) -> RunRecord:
        if number != changed_at:
            return record
        epochs = tuple(replace(point, metrics={**point.metrics, "valid/mae": -9.0}) for point in record.epochs)
        return replace(record, status="completed", valid={"mae": -9.0}, epochs=epochs)

    pairs = feed(searcher, events, change)
    same = [held == proposed for held, proposed in pairs]
    assert all(same[: changed_at + 1])
    assert all(same) == (searcher == "random"), "a random search does not learn; the others must"
