"""How every arm stands against the predictor that always answers alike, as the training labels have it.

An arm that is not shown better than a constant has not been shown to have learned anything that the study asks for, and
a difference between it and another arm measures how training went wrong. "Shown" has the two questions of every claim,
with new seeds and for new groups, as far as they can be asked, each at 5%: this is a condition for claims and not one
of them, so nothing is corrected for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.records.study_description import ArmDescription, Contrast, StudyDescription
from reports.results.estimates import EstimatePair, Estimator
from reports.results.metrics import Metric
from reports.results.results import CONSTANT_PREDICTOR, RunState
from reports.statistics.estimate import Estimate
from reports.statistics.verdict import LEVEL, MIN_DEGREES

CONSTANT_METHOD = "median"
"""The method that is this predictor."""


@dataclass(frozen=True)
class ConstantComparison:
    """One arm on the primary metric, in the shown unit.

    Attributes:
        arm: the arm.
        num_completed: its completed runs.
        own, constant: mean scores of these and of the predictor on the same folds; None where unknown.
        gain: the arm minus the predictor, failed runs included; None where unknown.
        association: what shows that predictions go with the labels even where they score badly: Corr, or by how much
            UAR is above the predictor's; of the completed runs, None where neither is scored.
        higher_is_better: the direction of the metric.
    """

    arm: ArmDescription
    num_completed: int
    own: float | None
    constant: float | None
    gain: EstimatePair | None
    association: EstimatePair | None
    higher_is_better: bool

    @property
    def is_yardstick(self) -> bool:
        """Whether the arm is that predictor itself."""
        return self.arm.model == CONSTANT_METHOD

    @property
    def is_unlearned(self) -> bool:
        """Whether its runs could have shown it better than the predictor, and do not."""
        if self.is_yardstick or self.gain is None or not _can_show(self.gain.rerun):
            return False
        return not _is_shown(self.gain, self.higher_is_better)

    @property
    def is_learned(self) -> bool:
        """Whether its runs show it better than the predictor."""
        return self.gain is not None and _is_shown(self.gain, self.higher_is_better)

    @property
    def is_worse(self) -> bool:
        """Whether its completed runs score worse than the predictor on average."""
        if self.own is None or self.constant is None or self.is_yardstick:
            return False
        lost = self.constant - self.own if self.higher_is_better else self.own - self.constant
        return lost > 1e-9 * max(1.0, abs(self.constant))

    @property
    def follows_labels(self) -> bool:
        """Whether its predictions are shown to go with the labels."""
        return self.association is not None and _is_shown(self.association, higher_is_better=True)


def _can_show(answer: Estimate) -> bool:
    return answer.df is not None and answer.df >= MIN_DEGREES and answer.p_value is not None


def _is_shown(estimates: EstimatePair, higher_is_better: bool) -> bool:
    """Whether the value is on the better side of 0 for every question that can be asked, and one can."""
    asked = [answer for answer in (estimates.rerun, estimates.new_data) if _can_show(answer)]
    return bool(asked) and all(
        answer.p_value is not None
        and answer.p_value <= LEVEL
        and answer.value != 0
        and (answer.value > 0) == higher_is_better
        for answer in asked
    )


def compare_with_constant(
    estimator: Estimator, study: StudyDescription, metric: Metric
) -> Mapping[str, ConstantComparison]:
    """How every arm compares with the constant predictor.

    Args:
        estimator: the results that the estimates are made from.
        study: as trained.
        metric: the primary one.

    Returns:
        Name of an arm -> its comparison.
    """
    return {arm.name: _compare(estimator, arm, metric) for arm in study.arms}


def _compare(estimator: Estimator, arm: ArmDescription, metric: Metric) -> ConstantComparison:
    results = estimator.results
    own = estimator.arm_mean(arm.name, metric.name, survivors_only=True)
    beyond = estimator.difference(arm.name, CONSTANT_PREDICTOR, metric.name, survivors_only=True).estimates
    return ConstantComparison(
        arm=arm,
        num_completed=results.count(arm.name, RunState.COMPLETED),
        own=None if own is None else own.value,
        constant=None if own is None or beyond is None else own.value - beyond.value,
        gain=estimator.difference(arm.name, CONSTANT_PREDICTOR, metric.name).estimates,
        association=_association(estimator, arm.name),
        higher_is_better=metric.higher_is_better,
    )


def _association(estimator: Estimator, arm: str) -> EstimatePair | None:
    metrics = estimator.results.metrics
    if "corr" in metrics:
        return estimator.arm_mean(arm, "corr", survivors_only=True)
    if "uar" in metrics:
        return estimator.difference(arm, CONSTANT_PREDICTOR, "uar", survivors_only=True).estimates
    return None


def unlearned_of(contrast: Contrast, comparisons: Mapping[str, ConstantComparison]) -> tuple[ConstantComparison, ...]:
    """The arms of a contrast that keep it from a verdict; none where it asks how an arm compares with the predictor."""
    found = [comparisons[arm] for arm in (contrast.first, contrast.second) if arm in comparisons]
    if any(comparison.is_yardstick for comparison in found):
        return ()
    return tuple(comparison for comparison in found if comparison.is_unlearned)
