"""What an arm is not shown cannot reach it: not in training, not in validation, not in the test part."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig
from dmd.data.dataset.visible_modalities import VisibleModalities, seen_modalities
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.formats.planted import planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.job import FoldRef, Job, JobResult, Setting
from dmd.modalities import MODALITIES, Modality
from dmd.training.run import run_job
from tests.dmd.builders import TINY

SPEC = PlantedSpec(num_videos=6, clips_per_video=5)
KEYS: dict[Modality, str] = {"language": "text", "audio": "audio", "vision": "vision"}
CHOICES: tuple[VisibleModalities, ...] = get_args(VisibleModalities)
SETTINGS: dict[str, dict[str, Setting]] = {
    "dmd": {**TINY, "max_epochs": 2},
    "mult": {"width": 8, "heads": 2, "levels": 1, "gd": True, "max_epochs": 2},
    "ridge": {},
}


def planted(*garbled: Modality) -> Dataset:
    """The planted data with the features and lengths of some modalities replaced by noise, the rest as it is."""
    content, generator = planted_dataset(SPEC), np.random.default_rng(1)
    for split in content.values():
        for modality in garbled:
            features = split[KEYS[modality]]
            split[KEYS[modality]] = generator.normal(3.0, 9.0, features.shape).astype(np.float32)
            if modality == "language":
                split["text_bert"][:, 1] = 1
            else:
                split[f"{modality}_lengths"] = np.full(len(features), features.shape[1])
    return read_mmsa(content, "planted")


def trained(method: str, visible: str, dataset: Dataset) -> JobResult:
    settings = {**SETTINGS[method], "modalities": visible}
    return run_job(Job(method, settings, 3, FoldRef(), scores_test=True), dataset, lambda report: True)


def numbers(result: JobResult) -> tuple[object, ...]:
    assert result.test_predictions is not None
    return ([report.metrics for report in result.epochs], result.test, result.test_predictions.values.tolist())


def test_every_subset_of_the_modalities_can_be_asked_for_once() -> None:
    subsets = {s for size in (1, 2, 3) for s in itertools.combinations(MODALITIES, size)}
    assert len(CHOICES) == len(subsets) == 7
    assert {seen_modalities(choice) for choice in CHOICES} == subsets


@pytest.mark.parametrize("visible", CHOICES)
def test_hidden_modalities_are_one_step_of_zeros_in_all_three_parts(visible: VisibleModalities) -> None:
    dataset = planted()
    shown, whole = dataset.partition(FoldRef(), InputConfig(visible)), dataset.partition(FoldRef())
    for part, full in (
        (shown.train.inputs, whole.train.inputs),
        (shown.valid.inputs, whole.valid.inputs),
        (shown.test.inputs, whole.test.inputs),
    ):
        assert part.ids == full.ids
        for m in MODALITIES:
            mine, theirs = part.sequences[m], full.sequences[m]
            if m in visible:
                assert np.array_equal(mine.values, theirs.values)
                assert np.array_equal(mine.lengths, theirs.lengths)
            else:
                assert mine.values.shape == theirs.values.shape
                assert not mine.values.any()
                assert set(mine.lengths) == {1}


@pytest.mark.parametrize("visible", CHOICES[1:])
@pytest.mark.parametrize("method", SETTINGS)
def test_garbage_in_hidden_modalities_changes_no_number(method: str, visible: VisibleModalities) -> None:
    hidden = tuple(m for m in MODALITIES if m not in visible)
    clean, garbled = (trained(method, visible, planted(*noisy)) for noisy in ((), hidden))
    assert numbers(clean) == numbers(garbled)
    assert all(np.isfinite(value) for report in clean.epochs for value in report.metrics.values())


@pytest.mark.parametrize("method", SETTINGS)
def test_garbage_in_a_visible_modality_does(method: str) -> None:
    for seen in MODALITIES:
        assert numbers(trained(method, seen, planted())) != numbers(trained(method, seen, planted(seen)))
