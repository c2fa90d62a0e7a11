"""Metrics of epochs are mappings like any other, and take a part of the memory of dicts."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest

from reports.records.epoch_metrics import EpochMetrics

CONTENT = {"valid/mae": 0.5, "train/loss": 1.25, "train/task": float("inf")}


def test_it_is_the_mapping_that_it_was_made_of() -> None:
    metrics = EpochMetrics(CONTENT)
    assert metrics == CONTENT
    assert metrics == CONTENT
    assert metrics != CONTENT | {"valid/mae": 0.6}
    assert list(metrics) == list(CONTENT)
    assert metrics["train/loss"] == 1.25
    assert "valid/corr" not in metrics
    with pytest.raises(KeyError):
        metrics["valid/corr"]
    assert pickle.loads(pickle.dumps(metrics)) == CONTENT


def test_many_take_less_than_half_of_the_memory_of_dicts() -> None:
    def size_of(make: type) -> int:
        tracemalloc.start()
        kept = [make({f"metric{place}": place * 1.5 + number for place in range(16)}) for number in range(500)]
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(kept) == 500
        return size

    assert size_of(EpochMetrics) < size_of(dict) / 2


def test_those_of_a_curve_are_the_mappings_that_they_were_made_of() -> None:
    curve = [CONTENT, {"valid/mae": 0.25}, {}, CONTENT | {"train/loss": 0.5}]
    found = list(EpochMetrics.of_curve(curve))
    assert found == curve
    assert [len(metrics) for metrics in found] == [3, 1, 0, 3]
    assert pickle.loads(pickle.dumps(found)) == curve
