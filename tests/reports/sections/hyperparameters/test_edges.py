"""A best value at the end of what was searched is called so: on which side, in how many searches, and not by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.sections.hyperparameters.edges import Edge, find_edges
from reports.sections.hyperparameters.findings import edge_text
from reports.sections.hyperparameters.sensitivity import Sensitivity, measure_sensitivity
from tests.reports.example_studies import make_records, make_search_record, warnings_of
from tests.reports.sections.hyperparameters.example_searches import (
    make_search_records,
    make_search_study,
    only_history,
)

RATE = {"rate": {"log_uniform": [0.001, 0.1]}}


def edges_of(best: Sequence[Any], declared: Mapping[str, Any] = RATE, middle: Any = 0.01, **search: Any) -> list[Edge]:
    """Three trials in a search per fold, the second one with the best value. best: of each fold."""
    (name,) = declared
    study = make_search_study(declared, folds=tuple(range(len(best))), **search)
    records = [
        make_search_record("full", fold, number, 0.9 - 0.1 * (number == 1), parameters=held, settings=held)
        for fold, value in enumerate(best)
        for number, held in enumerate(({name: middle}, {name: value}, {name: middle}))
    ]
    history = only_history(study, records)
    no_trend = Sensitivity(history.arm, history.objective, 0, 0, 0)
    return list(find_edges(history, no_trend, is_grid=search.get("searcher") == "grid"))


def told(edges: Sequence[Edge]) -> list[tuple[str, int, int]]:
    return [(edge.side, edge.num_at_edge, edge.num_searches) for edge in edges]


def test_the_side_and_the_number_of_searches_are_told() -> None:
    edges = edges_of([0.099, 0.1, 0.02, 0.03, 0.0995])
    assert told(edges) == [("upper", 3, 5)]
    assert edge_text(edges[0]) == "rate at its upper end, 0.1 (the best trials of 3 of 5 searches)"
    assert told(edges_of([0.001])) == [("lower", 1, 1)]


def test_one_of_several_searches_at_an_end_is_chance() -> None:
    # One in twenty at each end by chance: one of five searches comes out so in 23 of 100 studies, two in two of 100.
    assert edges_of([0.1, 0.02, 0.02, 0.03, 0.02]) == []
    assert told(edges_of([0.1, 0.1, 0.02, 0.03, 0.02])) == [("upper", 2, 5)]
    assert edges_of([0.07] * 5) == []


def test_ordered_options_and_whole_numbers_have_ends_by_chance_more_often() -> None:
    hidden = {"hidden": {"choice": [32, 64, 128, 256]}}
    assert edges_of([256], hidden, 64) == []
    assert edges_of([256, 256, 256, 64, 64], hidden, 64) == []
    assert told(edges_of([256, 256, 256, 256, 64], hidden, 64)) == [("upper", 4, 5)]
    assert edges_of(["relu"] * 5, {"kind": {"choice": ["relu", "tanh"]}}, "tanh") == []
    assert told(edges_of([1, 1, 1, 1], {"layers": {"int": [1, 6]}}, 4)) == [("lower", 4, 4)]


def test_options_in_falling_order_have_their_upper_end_first() -> None:
    falling = {"batch": {"choice": [256, 128, 64, 32]}}
    (edge,) = edges_of([256] * 5, falling, 64)
    assert edge_text(edge) == "batch at its upper end, 256 (the best trials of 5 of 5 searches)"
    (edge,) = edges_of([32] * 5, falling, 64)
    assert edge_text(edge) == "batch at its lower end, 32 (the best trials of 5 of 5 searches)"
    known = {"full": {"batch": {"distribution": falling["batch"], "least": 32, "most": None}}}
    assert edges_of([32] * 5, falling, 64, ranges=known) == []


def test_of_a_long_range_of_whole_numbers_nobody_lists_the_values() -> None:
    long = {"number": {"int": [1, 10**12]}}
    assert told(edges_of([10**12 - 5, 10**12], long, 10**11)) == [("upper", 2, 2)]
    assert edges_of([10**11, 10**12 // 2], long, 10**11) == []


def test_on_a_grid_the_first_and_the_last_point_are_ends_of_so_many() -> None:
    assert edges_of([0.1, 0.1], searcher="grid") == [], "of two points each is an end"
    assert told(edges_of([0.1] * 5, searcher="grid")) == [("upper", 5, 5)]


def test_a_range_that_ends_with_what_the_setting_can_be_cannot_be_widened() -> None:
    dropout = {"dropout": {"uniform": [0.0, 0.5]}}
    assert edges_of([0.0] * 5, dropout, 0.2) == []
    assert told(edges_of([0.5] * 5, dropout, 0.2)) == [("upper", 5, 5)]
    known = {"full": {"dropout": {"distribution": dropout["dropout"], "least": 0.0, "most": 0.5}}}
    assert edges_of([0.5] * 5, dropout, 0.2, ranges=known) == []


def test_a_shown_trend_that_is_best_at_an_end_is_told_where_the_best_trials_lie_elsewhere() -> None:
    study = make_search_study({"rate": {"uniform": [1.0, 2.0]}}, folds=(None,))
    records = make_search_records(study, lambda drawn: 2.0 - 0.5 * float(drawn["rate"]), 30, 0.1)
    history = only_history(study, records)
    (edge,) = find_edges(history, measure_sensitivity(history), is_grid=False)
    assert (edge.side, edge.is_trend) == ("upper", True)
    assert "the trend is best there" in edge_text(edge)


def test_the_report_says_it_in_its_section_and_among_the_cautions() -> None:
    study = make_search_study(RATE, folds=(None,))
    records = [record for record in make_records(study, lambda arm: 0.9) if record.stage == "confirm"]
    for number, (rate, mae) in enumerate(((0.01, 0.9), (0.1, 0.7), (0.03, 0.8))):
        held = {"rate": rate}
        records.append(make_search_record("full", None, number, mae, parameters=held, settings=held))
    report = analyse(study, records)
    assert "- `full`: rate at its upper end, 0.1 (the best trial of 1 of 1 search); searched: 0.001 to 0.1, log" in (
        render_markdown(report)
    )
    assert "at most one in ten parameters without effect stands here by chance, if trials are drawn at random" in (
        render_markdown(report)
    )
    (caution,) = [text for text in warnings_of(report) if "end of the searched range" in text]
    assert caution.startswith("Best values lie at an end of the searched range: full rate (upper end).")
