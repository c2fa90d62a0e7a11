"""Trials that were stopped early are compared with the others where all have been, and the report says where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import EpochPoint, RunRecord
from reports.records.study_description import StudyDescription
from reports.results.metrics import METRICS
from reports.results.tabulate import tabulate_results
from reports.sections.hyperparameters.equal_epochs import Comparison, compare_records, describe_comparisons
from reports.sections.hyperparameters.optimum import measure_plateau
from reports.sections.hyperparameters.parallel import parallel_lines
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.hyperparameters.sensitivity import measure_sensitivity
from reports.sections.tuning.section import TuningSection
from reports.sections.tuning.values import account_budget
from tests.reports.example_studies import failed, make_record, make_search_record
from tests.reports.sections.hyperparameters.example_searches import make_search_study, only_history
from tests.reports.sections.hyperparameters.test_importance import METHOD

BOX = {"alpha": {"uniform": [0.0, 1.0]}, "beta": {"uniform": [0.0, 1.0]}}
NAN = float("nan")


def trial(number: int, curve: list[float], status: str = "completed", metric: str = "mae") -> RunRecord:
    """A search trial with these values after epochs 1, 2, ...; its own value is the best of them."""
    points = tuple(EpochPoint(epoch, {f"valid/{metric}": value}) for epoch, value in enumerate(curve, start=1))
    found = [value for value in curve if value == value]
    best = {metric: (max if METRICS[metric].higher_is_better else min)(found)} if found else {}
    return make_search_record(
        "full", None, number, 0.0, status=status, epochs=points, num_epochs=len(curve), valid=best
    )


def test_values_are_the_best_until_the_epoch_that_every_trial_has_reached() -> None:
    trials = [
        trial(0, [1.5, 1.2, 1.3, 0.9]),
        trial(1, [1.6, 1.4], "pruned"),
        trial(2, [1.1, 1.0, 0.8], "pruned"),
        trial(3, [1.3, 1.7, 1.0, 1.2]),
        failed(trial(4, [1.0])),
        trial(5, [NAN], "pruned"),
    ]
    comparison, values = compare_records(trials, METRICS["mae"])
    assert comparison == Comparison(after=2)
    np.testing.assert_array_equal(values, [1.2, 1.4, 1.0, 1.3, NAN, NAN])


def test_higher_may_be_better_and_a_trial_that_ended_sooner_keeps_its_value() -> None:
    trials = [trial(0, [0.2, 0.5, 0.4], "pruned", "acc7"), trial(1, [0.3, 0.6, 0.7, 0.8], metric="acc7")]
    trials.append(trial(2, [0.1], metric="acc7"))
    comparison, values = compare_records(trials, METRICS["acc7"])
    assert (comparison.after, values) == (3, (0.5, 0.7, 0.1))


def test_nothing_changes_where_no_trial_was_stopped() -> None:
    trials = [trial(0, [1.5, 0.9]), trial(1, [1.6, 1.4, 1.0])]
    assert compare_records(trials, METRICS["mae"]) == (Comparison(), (0.9, 1.0))


def test_without_epochs_the_stopped_ones_are_left_out() -> None:
    trials = [trial(0, [0.9]), replace(trial(1, [0.5]), epochs=()), trial(2, [0.7], "pruned")]
    comparison, values = compare_records(trials, METRICS["mae"])
    assert comparison == Comparison(num_left_out=1)
    np.testing.assert_array_equal(values, [0.9, 0.5, NAN])


def test_arms_are_named_where_they_are_compared_elsewhere() -> None:
    assert describe_comparisons({"full": Comparison(), "no_ca": Comparison()}) == ""
    assert describe_comparisons({"full": Comparison(3)}).startswith(
        "Compared after epoch 3: trials were stopped early,"
    )
    many = {"full": Comparison(3), "a": Comparison(1), "b": Comparison(3), "c": Comparison(num_left_out=2)}
    assert describe_comparisons(many).startswith(
        "Compared after epoch 3 (full, b); compared after epoch 1 (a); 2 stopped early left out (c): trials were"
    )


def stopped_search(noise: float = 0.01) -> tuple[StudyDescription, list[RunRecord]]:
    """40 trials in which only the number of epochs matters: 1.4, 1.2, 1.1, 1.0, give or take noise. Those with a low
    alpha were stopped after the first one (a rule that looked at something else)."""
    study = make_search_study(BOX, folds=(None,), scheduler="asha")
    random = np.random.default_rng(5)
    records = []
    for number in range(40):
        drawn = {"alpha": float(random.random()), "beta": float(random.random())}
        is_stopped = drawn["alpha"] < 0.6
        curve = np.array([1.4, 1.2, 1.1, 1.0]) + noise * random.standard_normal(4)
        made = trial(
            number, curve[:1].tolist() if is_stopped else curve.tolist(), "pruned" if is_stopped else "completed"
        )
        records.append(replace(made, parameters=drawn, settings=drawn))
    for seed in (1, 2, 3):
        run = make_record("full", seed, None, 1.0, parameters=records[-1].parameters, valid={"mae": 1.0 + 0.05 * seed})
        records.append(run)
    return study, records


def test_how_long_a_trial_ran_is_not_taken_for_what_its_parameters_do() -> None:
    history = only_history(*stopped_search())
    assert history.comparison == Comparison(after=1)
    alpha, beta = measure_sensitivity(history).curves
    assert min(alpha.p_holm, beta.p_holm) > 0.05
    assert np.ptp(history.centred_losses()) < 0.1, "what importance is measured on; whole trials are 0.4 better"
    (lines,) = parallel_lines([history])
    best = lines.positions[lines.is_best]
    assert (best[:, 0] < 0.6).any(), "stopped trials are among the best after one epoch"


def test_what_could_be_chosen_are_the_trials_that_were_not_stopped() -> None:
    study, records = stopped_search()
    search = [record for record in records if record.stage == "search"]
    # A value that a stopped trial had reached is no best of the search: nothing could choose it.
    search[0] = replace(search[0], status="pruned", valid={"mae": 0.1}, epochs=(EpochPoint(1, {"valid/mae": 0.1}),))
    history = only_history(study, search)
    (curve,) = account_budget(study, [history], search).curves
    finished = [record.valid["mae"] for record in search if record.status == "completed"]
    assert curve.observed[-1] == pytest.approx(min(finished))
    plateau = measure_plateau(history, tabulate_results(study, records))
    assert plateau.num_trials == len(finished)


def test_the_report_says_which() -> None:
    report = analyse(*stopped_search(), importance_methods=[METHOD])
    text = render_markdown(report)
    num_stopped = sum(search.pruned for search in report.section(TuningSection).budget.searches)
    says = "Compared after epoch 1: trials were stopped early, and what they would have reached is not known."
    assert says in text[text.index("## Hyperparameters") :]
    assert f"`full`: 40 trials ({num_stopped} of them pruned) in 1 cell, compared after epoch 1; " in text
    assert "Trials that were stopped early are left out." in text
    assert "A trial that was stopped early cannot be chosen and adds nothing." in text
    for plot in report.section(HyperparametersSection).figures():
        assert says in plot.caption  # type: ignore[union-attr]
