"""Numbers survive JSON, also those that it does not have."""

from __future__ import annotations

from reports.records.json_values import numbers_from_json, numbers_to_json


def test_non_finite_metrics_survive() -> None:
    metrics = {"a": 1.5, "b": float("inf"), "c": float("-inf"), "d": float("nan")}
    back = numbers_from_json(numbers_to_json(metrics))
    assert {name: repr(value) for name, value in back.items()} == {name: repr(v) for name, v in metrics.items()}
