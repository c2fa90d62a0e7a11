"""Modalities that are missing when a model is tested: exact rates, never all of an item, blank as hidden ones."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from dmd.data.dataset.batches import whole_batch
from dmd.data.dataset.input_config import InputConfig
from dmd.data.dataset.missing_modalities import hide_missing, missing_rows
from dmd.data.formats.planted import load_planted
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.errors import ConfigurationError
from dmd.job import FoldRef
from dmd.modalities import MODALITIES

RATES = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def drawn(rate: float, seed: int = 1, num_items: int = 200) -> np.ndarray:
    """(n, 3) what is missing."""
    missing = missing_rows(f"rate-{rate:g}", MODALITIES, num_items, seed)
    assert missing is not None
    assert tuple(missing) == MODALITIES
    return np.stack([missing[m] for m in MODALITIES], axis=1)


@pytest.mark.parametrize("rate", RATES)
def test_the_rate_is_exact_and_no_item_lacks_everything(rate: float) -> None:
    gone = drawn(rate)
    # 600 modalities in all; two of three can go at most.
    assert gone.sum() == min(round(600 * rate), 400)
    assert not gone.all(axis=1).any()


def test_modalities_are_missing_equally_often() -> None:
    shares = drawn(0.5, num_items=20_000).mean(axis=0)
    assert shares == pytest.approx([0.5] * 3, abs=0.02)


def test_what_is_missing_at_a_rate_is_missing_at_every_higher_one_and_another_seed_misses_other_items() -> None:
    for low, high in itertools.pairwise(RATES):
        assert (drawn(high) | ~drawn(low)).all()
    assert np.array_equal(drawn(0.3), drawn(0.3))
    assert not np.array_equal(drawn(0.3), drawn(0.3, seed=2))


def test_a_fixed_condition_is_the_same_in_every_item() -> None:
    only = missing_rows("only-audio", MODALITIES, 4, 0)
    without = missing_rows("no-audio", MODALITIES, 4, 0)
    assert only is not None
    assert without is not None
    assert {m: rows.tolist() for m, rows in only.items()} == {
        "language": [True] * 4,
        "audio": [False] * 4,
        "vision": [True] * 4,
    }
    assert [m for m, rows in without.items() if rows.all()] == ["audio"]


def test_a_condition_that_leaves_an_arm_nothing_or_that_it_cannot_reach_is_none() -> None:
    assert missing_rows("only-audio", ("language", "vision"), 4, 0) is None
    assert missing_rows("no-language", ("language",), 4, 0) is None
    assert missing_rows("rate-0.6", ("language", "vision"), 4, 0) is None
    assert missing_rows("rate-0.5", ("language", "vision"), 4, 0) is not None
    assert missing_rows("rate-0.1", ("language",), 4, 0) is None


@pytest.mark.parametrize("name", ["rate-1.5", "rate-x", "without-audio", "only-text", ""])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no missing condition is called"):
        missing_rows(name, MODALITIES, 4, 0)


@pytest.mark.parametrize("align", ["start", "end"])
def test_a_missing_modality_is_what_a_hidden_one_is(align: str) -> None:
    dataset = load_planted(PlantedSpec(num_videos=6, clips_per_video=4))
    whole = whole_batch(dataset.partition(FoldRef(), InputConfig(align=align)).test.inputs)  # type: ignore[arg-type]
    shown = whole_batch(
        dataset.partition(FoldRef(), InputConfig("language+vision", align=align)).test.inputs  # type: ignore[arg-type]
    )
    missing = missing_rows("no-audio", MODALITIES, len(whole), 0)
    assert missing is not None
    hidden = hide_missing(replace(whole, missing={m: torch.from_numpy(rows) for m, rows in missing.items()}))
    for m in MODALITIES:
        assert torch.equal(hidden.features[m], shown.features[m])
        assert torch.equal(hidden.lengths[m], shown.lengths[m])


def test_items_that_miss_nothing_stay_as_they_are() -> None:
    whole = whole_batch(load_planted(PlantedSpec(num_videos=6, clips_per_video=4)).partition(FoldRef()).test.inputs)
    hidden = hide_missing(replace(whole, missing={"language": torch.tensor([False, True, False, True])}))
    assert not hidden.features["language"][[1, 3]].any()
    assert hidden.lengths["language"][[1, 3]].tolist() == [1, 1]
    assert torch.equal(hidden.features["language"][[0, 2]], whole.features["language"][[0, 2]])
    assert torch.equal(hidden.features["audio"], whole.features["audio"])
