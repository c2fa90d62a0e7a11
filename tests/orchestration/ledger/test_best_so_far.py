"""The best result so far: fair to folds of different difficulty."""

from __future__ import annotations

from orchestration.ledger.best_so_far import find_best


def record(
    arm: str, fold: int | None, value: float, status: str = "completed", **parameters: float
) -> dict[str, object]:
    place = {"arm": arm, "stage": "search", "seed": 0, "repeat": 0, "fold": fold, "parameters": parameters}
    return {**place, "status": status, "valid": {"mae": value}}


def test_the_best_arm_is_the_one_whose_best_trials_have_the_best_mean_over_the_folds() -> None:
    """``b`` has the best trial of all, on the easy fold 1; ``a`` is better on both folds together."""
    records = [
        record("a", 0, 0.9, x=1),
        record("a", 0, 0.7, x=2),
        record("a", 1, 0.3, x=3),
        record("b", 0, 0.9),
        record("b", 1, 0.2),
        record("b", 1, 0.0, "failed"),
    ]
    best = find_best(records, "mae", higher_is_better=False)
    assert best is not None
    assert (best.arm, best.value) == ("a", 0.5)
    assert [(trial.fold, trial.value, trial.parameters) for trial in best.trials] == [
        (0, 0.7, {"x": 2}),
        (1, 0.3, {"x": 3}),
    ]


def test_an_arm_with_fewer_folds_is_not_compared() -> None:
    records = [record("a", 0, 0.9), record("a", 1, 0.3), record("b", 1, 0.2)]
    best = find_best(records, "mae", higher_is_better=False)
    assert best is not None
    assert best.arm == "a"


def test_on_an_official_split_it_is_the_best_trial() -> None:
    records = [record("a", None, 0.1), record("b", None, 0.4), record("b", None, 0.2)]
    best = find_best(records, "corr", higher_is_better=True)
    assert best is None
    for each in records:
        each["valid"] = {"corr": each["valid"]["mae"]}  # type: ignore[index]
    best = find_best(records, "corr", higher_is_better=True)
    assert best is not None
    assert (best.arm, best.value, len(best.trials)) == ("b", 0.4, 1)


def test_what_is_no_record_is_left_out() -> None:
    assert find_best([None, {}, {"valid": {"mae": "x"}}], "mae", higher_is_better=False) is None
