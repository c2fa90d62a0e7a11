"""A trial scored under missing modalities besides: the same trial, one scoring, and nothing leaks from blanks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.formats.planted import load_planted, planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.errors import ConfigurationError, DmdError, LabelsSealed
from dmd.job import FoldRef, Job, JobResult, Setting
from dmd.modalities import Modality
from dmd.training.run import run_job
from tests.dmd.builders import TINY
from tests.dmd.data_builders import Finished, Stopped, load_arrays, npz_arrays

SPEC = PlantedSpec(num_videos=8, clips_per_video=5)
KEYS: Mapping[Modality, str] = {"language": "text", "audio": "audio", "vision": "vision"}
SETTINGS: Mapping[str, Mapping[str, Setting]] = {"dmd": {**TINY, "max_epochs": 1}, "ridge": {}, "median": {}}
FIXED = ("no-vision", "no-audio", "no-language", "only-language", "only-audio", "only-vision")


def dataset(*garbled: Modality, target: str = "regression") -> Dataset:
    """Planted data whose test part holds noise in some modalities."""
    spec = replace(SPEC, target=target)  # type: ignore[arg-type]
    content, generator = planted_dataset(spec), np.random.default_rng(1)
    for modality in garbled:
        features = content["test"][KEYS[modality]]
        content["test"][KEYS[modality]] = generator.normal(0.0, 3.0, features.shape).astype(np.float32)
        content["test"][f"{modality}_lengths"] = np.full(len(features), features.shape[1])
    return read_mmsa(content, "planted")


def run(method: str, data: Dataset, *missing: str, **settings: Setting) -> JobResult:
    job = Job(method, {**SETTINGS[method], **settings}, 3, FoldRef(), scores_test=True, missing=missing)
    return run_job(job, data, lambda report: True)


@pytest.mark.parametrize("method", ["dmd", "ridge"])
def test_the_trial_is_the_one_that_it_is_without_conditions(method: str) -> None:
    plain, asked = run(method, dataset()), run(method, dataset(), "rate-0.5", *FIXED)
    assert plain.test == asked.test
    assert plain.test_missing == {}
    assert plain.test_predictions is not None
    assert asked.test_predictions is not None
    assert np.array_equal(plain.test_predictions.values, asked.test_predictions.values)
    assert tuple(asked.test_missing) == ("rate-0.5", *FIXED)
    assert all(scores.keys() == (plain.test or {}).keys() for scores in asked.test_missing.values())


@pytest.mark.parametrize("method", ["dmd", "ridge"])
def test_what_is_missing_changes_no_score_and_what_is_left_does(method: str) -> None:
    clean, garbled = run(method, dataset(), *FIXED), run(method, dataset("audio"), *FIXED)
    assert clean.test != garbled.test
    for condition in FIXED:
        has_audio = condition in ("no-vision", "no-language", "only-audio")
        assert (clean.test_missing[condition] != garbled.test_missing[condition]) == has_audio


def test_more_missing_is_another_score_and_none_missing_is_the_score() -> None:
    data = load_planted(PlantedSpec(num_videos=40, interaction=0.0))
    result = run("ridge", data, "rate-0", "rate-0.2", "rate-0.7")
    assert result.test_missing["rate-0"] == result.test
    scores = [result.test_missing[f"rate-{rate}"]["mae"] for rate in ("0", "0.2", "0.7")]
    assert scores[0] < scores[1] < scores[2]


def test_an_arm_that_sees_two_modalities_is_asked_what_it_can_answer() -> None:
    result = run("ridge", dataset(), "rate-0.5", "rate-0.7", *FIXED, modalities="language+audio")
    assert tuple(result.test_missing) == ("rate-0.5", *(name for name in FIXED if name != "only-vision"))
    assert result.test_missing["no-vision"] == result.test
    assert result.test_missing["no-language"] == result.test_missing["only-audio"]


def test_a_search_trial_is_scored_under_no_condition() -> None:
    job = Job("ridge", {}, 3, FoldRef(), missing=FIXED)
    assert run_job(job, dataset(), lambda report: True).test_missing == {}


def test_classes_are_scored_by_their_own_metrics() -> None:
    result = run("median", dataset(target="classes"), "only-vision")
    assert result.test is not None
    assert {"macro_f1", "acc"} <= result.test.keys()
    assert result.test_missing["only-vision"] == result.test, "it looks at nothing"


def test_a_condition_that_is_none_ends_the_trial() -> None:
    with pytest.raises(ConfigurationError, match="no missing condition is called 'no-text'"):
        run("ridge", dataset(), "no-text")


def test_all_conditions_are_one_scoring(tmp_path: Path) -> None:
    test = load_arrays(tmp_path, npz_arrays()).partition(FoldRef()).test
    zeros, ones = np.zeros(len(test), np.float32), np.ones(len(test), np.float32)
    with pytest.raises(LabelsSealed, match="not final"):
        test.score(zeros, Stopped(), {"no-audio": ones})
    for broken in (ones[:-1], ones * np.float32("nan")):
        with pytest.raises(DmdError, match="predictions"):
            test.score(zeros, Finished(), {"no-audio": broken})
    score = test.score(zeros, Finished(), {"no-audio": ones})
    labels = npz_arrays()["test/labels"].astype(np.float64)
    assert score.missing["no-audio"]["mae"] == pytest.approx(np.abs(1.0 - labels).mean())
    assert score.metrics["mae"] == pytest.approx(np.abs(labels).mean())
    with pytest.raises(LabelsSealed, match="scored before"):
        test.score(zeros, Finished(), {"only-audio": ones})
