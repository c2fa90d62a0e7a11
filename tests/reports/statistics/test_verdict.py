"""Words follow from numbers: better needs both questions."""

from __future__ import annotations

import pytest

from reports.statistics.estimate import Estimate, undefined
from reports.statistics.verdict import decide_verdict


def estimate(value: float, question: str = "rerun", df: float = 8) -> Estimate:
    return Estimate(value, value - 0.01, value + 0.01, 15, df, question, 0.01)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "higher_is_better", "p_rerun", "p_both", "kind"),
    [
        (-0.1, False, 0.01, 0.04, "better"),
        (-0.1, True, 0.01, 0.04, "worse"),
        (0.1, False, 0.01, 0.04, "worse"),
        (0.1, True, 0.01, 0.04, "better"),
        (-0.1, False, 0.01, 0.06, "better here"),
        (0.1, False, 0.01, 0.06, "worse here"),
        (-0.1, False, 0.06, 0.06, "no difference shown"),
    ],
)
def test_verdict(value: float, higher_is_better: bool, p_rerun: float, p_both: float, kind: str) -> None:
    verdict = decide_verdict(estimate(value), estimate(value, "new data"), p_rerun, p_both, higher_is_better)
    assert verdict.kind == kind


def test_one_question_alone_is_said_so() -> None:
    wide = Estimate(-0.1, -0.3, 0.1, 15, 8, "new data", 0.01)
    verdict = decide_verdict(estimate(-0.1), wide, 0.01, 0.3, higher_is_better=False)
    assert verdict.text == "better on these data, not shown for new groups"
    assert not verdict.is_corrected_away


def test_an_interval_that_the_correction_overrules_is_explained_where_it_stands() -> None:
    """Intervals are of one contrast alone, verdicts of all: both at one place need a word."""
    apart, wide = estimate(-0.1), Estimate(-0.1, -0.3, 0.1, 15, 8, "rerun", 0.4)
    verdict = decide_verdict(apart, estimate(-0.1, "new data"), 0.2, 0.2, higher_is_better=False)
    assert verdict.kind == "no difference shown"
    assert verdict.text.endswith(
        "once all declared contrasts are allowed for (Holm), though its rerun interval leaves out zero"
    )
    verdict = decide_verdict(apart, estimate(-0.1, "new data"), 0.01, 0.2, higher_is_better=False)
    assert verdict.kind == "better here"
    assert verdict.text.endswith("though its new data interval leaves out zero")
    plain = decide_verdict(wide, estimate(-0.1, "new data"), 0.4, 0.4, higher_is_better=False)
    assert (plain.text, plain.is_corrected_away) == ("no difference shown", False)


def test_one_seed_is_refused_in_words() -> None:
    single = undefined(-0.1, 5, "rerun", "one run per fold: run-to-run spread unknown")
    verdict = decide_verdict(single, estimate(-0.1, "new data"), None, None, higher_is_better=False)
    assert verdict.kind == "too few to say"
    assert "one run per fold" in verdict.text


def test_one_degree_of_freedom_is_too_few() -> None:
    verdict = decide_verdict(estimate(-0.1, df=1), estimate(-0.1, "new data"), 0.01, 0.01, higher_is_better=False)
    assert verdict.kind == "too few to say"


def test_missing_new_data_interval_never_becomes_a_claim() -> None:
    no_interval = undefined(-0.1, 1, "new data", "one fold only: spread between folds unknown")
    verdict = decide_verdict(estimate(-0.1), no_interval, 0.01, None, higher_is_better=False)
    assert verdict.kind == "better here"
    assert "one fold only" in verdict.text


def test_no_complete_pair_is_refused() -> None:
    assert decide_verdict(None, None, None, None, higher_is_better=True).kind == "too few to say"
