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
    verdict = decide_verdict(estimate(-0.1), estimate(-0.1, "new data"), 0.01, 0.3, higher_is_better=False)
    assert verdict.text == "better on these data, not shown for new groups"


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
