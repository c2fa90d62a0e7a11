"""Which metrics a data set is scored by: none that a constant predictor wins because of a convention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmd.data.inspection.inspect import format_summary, inspect_dataset
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.job import FoldRef
from dmd.metrics.sentiment import TWO_CLASS, metric_names
from dmd.scoring import choose_metrics
from tests.dmd.data_builders import load_arrays, npz_arrays

SENTIMENT = LabelScale()
EVERY = metric_names(SENTIMENT)
WITHOUT = ("mae", "corr", "acc7", "acc5")
FOLDS = FoldRef("group", 3, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0.0, 1.0, 1.0], "no label of the file lies below the neutral point 0 (they go from 0 to 1)"),
        ([0.0, 0.5, 3.0], "no label of the file lies below the neutral point 0 (they go from 0 to 3)"),
        ([-2.0, -0.5], "no label of the file lies above the neutral point 0 (they go from -2 to -0.5)"),
        ([0.0, 0.0], "no label of the file lies below or above the neutral point 0 (they go from 0 to 0)"),
    ],
)
def test_labels_on_one_side_have_no_two_class_metric(labels: list[float], words: str) -> None:
    found = choose_metrics(Target(), {"of the file": np.array(labels, dtype=np.float32)})
    assert (found.names, found.remark) == (WITHOUT, words)
    values = found.score(np.ones(len(labels)), np.array(labels))
    assert tuple(values) == WITHOUT


def test_nor_has_ch_sims_on_one_side() -> None:
    found = choose_metrics(Target(scale=LabelScale(-1, 1, 0)), {"of the file": np.array([-1.0, -0.2, 0.0])})
    assert found.names == ("mae", "corr", "acc5_sims", "acc3_sims")


def test_labels_on_both_sides_have_every_metric_of_the_scale() -> None:
    found = choose_metrics(Target(), {"of the file": np.array([-0.2, 3.0], dtype=np.float32)})
    assert (found.names, found.remark) == (EVERY, "")
    # The nearest float32 to 0.1 is a little more than 0.1, and no label above it.
    tenth = choose_metrics(Target(scale=LabelScale(0, 1, 0.1)), {"of the file": np.array([0.1, 0.0], dtype=np.float32)})
    assert "above the neutral point 0.1" in tenth.remark


def test_a_neutral_point_at_the_end_of_the_scale_is_said() -> None:
    found = choose_metrics(Target(scale=LabelScale(0, 3, 0)), {"of the file": np.array([0.0, 2.0])})
    assert found.names == ("mae", "corr")
    assert found.remark == "the neutral point 0 is an end of the label scale [0, 3]"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-6, 6).map(lambda halves: halves / 2), min_size=1, max_size=12),
    st.integers(-6, 6).map(lambda halves: halves / 2),
)
def test_no_constant_is_right_every_time(labels: list[float], constant: float) -> None:
    found = choose_metrics(Target(), {"of the file": np.array(labels)})
    scores = found.score(np.full(len(labels), constant), np.array(labels))
    assert all(scores[name] < 1.0 for name in TWO_CLASS & scores.keys())


def test_every_part_of_the_files_own_split_is_asked_and_folds_together(tmp_path: Path) -> None:
    arrays = npz_arrays()
    arrays["test/labels"] = np.abs(arrays["test/labels"]) + np.float32(0.2)
    dataset = load_arrays(tmp_path, arrays)
    official = dataset.scoring(FoldRef())
    assert official.names == WITHOUT
    assert official.remark.startswith("no label of the test part lies below the neutral point 0")
    assert dataset.scoring(FOLDS).names == EVERY
    for fold, names in ((FoldRef(), WITHOUT), (FOLDS, EVERY)):
        assert dataset.partition(fold).scoring.names == names
    assert "caution       Acc-2 and F1 are not scored: no label of the test part" in format_summary(
        inspect_dataset(dataset)
    )
