"""What a dry run says of the differences that seeds can show, where some arms have no seed to speak of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.power import detectable_differences, pooled_run_std
from orchestration.dry_run.summary import NO_NOISE, DryRun
from orchestration.planning.planned_study import PlannedStudy
from tests.orchestration.short_studies import prepare_text
from tests.reports.example_studies import make_record

SPACE = """\
study: foreseen
data: {path: "planted:num_videos=9,clips_per_video=6", folds: {by: video, k: 3}}
arms: {models: [median]}
confirm: {seeds: 4, details: false}
"""
TRAINED = "model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1, gd.size_homo: 4}\n"
CLOSED_FORM = "model: {name: ridge}\n"


def said_of(planned: PlannedStudy, deviation: float | None) -> str:
    estimate = estimate_study(planned, Capacity(1))
    return DryRun(planned, estimate, detectable_differences(planned, estimate, deviation)).as_text()


@pytest.mark.parametrize("noise", [0.0, 1e-16])
def test_a_closed_form_sets_no_unit(noise: float) -> None:
    spread = np.random.default_rng(0).normal(0, 0.02, (5, 3))
    random = [make_record("dmd", seed, fold, 0.9 + spread[seed, fold]) for seed in range(5) for fold in range(3)]
    fixed = [make_record("ridge", seed, fold, 0.8 + noise * seed) for seed in range(5) for fold in range(3)]
    expected = np.sqrt(((spread - spread.mean(axis=0)) ** 2).sum() / 12)
    assert pooled_run_std(random + fixed, "mae") == pytest.approx(expected)
    assert pooled_run_std(fixed, "mae") is None


def test_contrasts_of_closed_forms_need_no_more_seeds_and_say_so() -> None:
    planned = prepare_text(SPACE + CLOSED_FORM).planned
    said = said_of(planned, None)
    assert NO_NOISE in said
    assert "run SDs" not in said


def test_beside_a_trained_arm_the_unit_stays() -> None:
    planned = prepare_text(SPACE + TRAINED).planned
    assert "4 seeds" in said_of(planned, None)
    assert "run SDs = " in said_of(planned, 0.02)


def test_without_declared_contrasts_there_is_nothing_to_say(tmp_path: Path) -> None:
    planned = prepare_text(SPACE.replace("arms: {models: [median]}\n", "") + CLOSED_FORM).planned
    assert NO_NOISE not in said_of(planned, None)
