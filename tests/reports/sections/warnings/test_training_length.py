"""Training that its limit of epochs ended is cautioned of, by arm and with what was seen."""

from __future__ import annotations

from dataclasses import replace

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.sections.warnings.training_length import capped_training
from tests.reports.example_studies import make_record, make_study, warnings_of


def study_of(max_epochs: int, patience: int, **arms: object) -> StudyDescription:
    study = make_study(("full", "no_ca"), folds=(None,), seeds=(1, 2, 3, 4, 5))
    settings = {"max_epochs": max_epochs, "patience": patience}
    return replace(study, arms=tuple(replace(arm, settings=settings, **arms) for arm in study.arms))  # type: ignore[arg-type]


def runs(arm: str, best: list[int], trained: int) -> list[RunRecord]:
    """A run per seed. best: the best epoch of each."""
    return [
        make_record(arm, seed, None, 0.9, best_epoch=epoch, num_epochs=trained) for seed, epoch in enumerate(best, 1)
    ]


def test_runs_that_end_at_their_best_are_still_improving() -> None:
    records = [*runs("full", [30, 29, 28, 12, 30], 30), *runs("no_ca", [9, 11, 4, 12, 30], 30)]
    (sentence,) = capped_training(study_of(30, 10), records)
    assert sentence.startswith(
        "Training ended at its limit of epochs while it still improved, with the best epoch in the last tenth: "
        "full (4 of 5 runs, `max_epochs` 30)."
    )
    assert "no_ca" not in sentence


def test_patience_that_outlasts_the_training_is_told() -> None:
    (sentence,) = capped_training(study_of(10, 10), runs("full", [3, 4, 6, 2, 5], 10))
    assert sentence.startswith(
        "Early stopping could end no run, as the first epoch and `patience` more reach `max_epochs`: full "
        "(`patience` 10, `max_epochs` 10)."
    )
    # The best epoch is the first one at the earliest: a run stops after epoch 1 + 9, its last, or after 1 + 8.
    (at_the_last,) = capped_training(study_of(10, 9), runs("full", [1] * 5, 10))
    assert at_the_last.startswith("Early stopping could end no run")
    assert capped_training(study_of(10, 8), runs("full", [1] * 5, 9)) == []
    (both,) = capped_training(study_of(10, 10), [*runs("full", [3] * 5, 10), *runs("no_ca", [4] * 5, 10)])
    assert ": full, no_ca (`patience` 10, `max_epochs` 10)." in both


def test_chance_and_runs_that_stopped_by_themselves_are_no_caution() -> None:
    # Of three epochs the last is the best one by a chance of a third: two of three runs say nothing.
    few, many = (capped_training(study_of(3, 2), runs("full", best, 3)) for best in ([3, 3, 1], [3] * 5))
    assert [any("still improved" in text for text in told) for told in (few, many)] == [False, True]
    # Stopped after epoch 20 of 100: the best epoch is late in the run and far from the limit.
    assert capped_training(study_of(100, 10), runs("full", [20] * 5, 20)) == []


def test_what_has_no_gradient_or_no_recorded_limit_is_not_spoken_of() -> None:
    late = runs("full", [13] * 5, 13)
    assert capped_training(study_of(13, 13, facts={"num_parameters": 0}), late) == []
    assert capped_training(make_study(("full",), folds=(None,)), late) == []


def test_the_caution_stands_in_the_report() -> None:
    from reports.analysis import analyse

    records = [*runs("full", [30] * 5, 30), *runs("no_ca", [9] * 5, 19)]
    assert any(
        text.startswith("Training ended at its limit") for text in warnings_of(analyse(study_of(30, 10), records))
    )
