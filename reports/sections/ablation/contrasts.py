"""The declared contrasts: differences, sizes, corrected p-values and a verdict for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from reports.records.study_description import Contrast, StudyDescription
from reports.results.estimates import Difference, Estimator
from reports.results.metrics import Metric
from reports.results.results import RunState
from reports.sections.ablation.constant_comparison import ConstantComparison, unlearned_of
from reports.sections.ablation.values import Comparison, ContrastRow, ContrastTable, MetricDifference, PValues
from reports.sections.seed_race.values import RaceTable
from reports.statistics.effect_size import improvement_probability, in_run_deviations
from reports.statistics.multiplicity import holm, intersection_union
from reports.statistics.verdict import Verdict, decide_verdict, no_verdict_text


def difference_of(
    estimator: Estimator, first: str, second: str, metric: Metric, race: RaceTable | None = None
) -> MetricDifference:
    """``first`` minus ``second`` in one metric, with both intervals and its sizes.

    Args:
        estimator: the results that the estimates are made from.
        first, second: the arms, by name.
        metric: the one that is compared.
        race: where seeds were raced on this metric, the rerun interval and p-value of a declared contrast allow for it;
            None: there was no race.
    """
    difference = estimator.difference(first, second, metric.name)
    estimates = difference.estimates
    if estimates is None or not any(estimator.results.count(arm, RunState.COMPLETED) for arm in (first, second)):
        # Where every run of both arms failed, both score as the same fallback: their difference says nothing.
        return MetricDifference(None, None, None, None)
    if race is not None and race.metric == metric:
        estimates = replace(
            estimates, rerun=race.allow_for_looks(first, second, estimates.rerun, _count_pairs(difference))
        )
    higher = metric.higher_is_better
    failed = [estimator.results.count(arm, RunState.FAILED) for arm in (first, second)]
    survivors = estimator.difference(first, second, metric.name, survivors_only=True).estimates if any(failed) else None
    return MetricDifference(
        estimates,
        survivors,
        in_run_deviations(estimates.rerun, difference.first, difference.second, higher),
        None if difference.pairs is None else improvement_probability(difference.pairs, higher),
    )


def _count_pairs(difference: Difference) -> int:
    """Pairs of runs; of arms that share no seeds, the runs of the one that has fewer."""
    if difference.pairs is not None:
        return int(np.isfinite(difference.pairs).sum())
    return int(min(np.isfinite(values).sum() for values in (difference.first, difference.second)))


def _correct(primary: Sequence[MetricDifference]) -> tuple[PValues, ...]:
    """p-values of every contrast, each question corrected over the whole family."""
    rerun = [None if item.estimates is None else item.estimates.rerun.p_value for item in primary]
    new_data = [None if item.estimates is None else item.estimates.new_data.p_value for item in primary]
    both = [intersection_union(one, other) for one, other in zip(rerun, new_data, strict=True)]
    columns = (rerun, new_data, both, holm(rerun), holm(new_data), holm(both))
    return tuple(PValues(*values) for values in zip(*columns, strict=True))


def tabulate_contrasts(
    estimator: Estimator,
    study: StudyDescription,
    metrics: Sequence[Metric],
    race: RaceTable | None = None,
    comparisons: Mapping[str, ConstantComparison] = MappingProxyType({}),
) -> ContrastTable:
    """Every contrast on every metric; p-values and verdicts for the declared family on the primary metric only.

    Args:
        estimator: the results that the estimates are made from.
        study: as trained.
        metrics: in display order; the first is the primary one.
        race: of the study's seeds; None where none were raced.
        comparisons: arm -> how it compares with the constant predictor on the primary metric. A contrast of
            which an arm is not shown better than the predictor counts in the correction and gets no verdict.

    Raises:
        ValueError: if a contrast names an arm that the study does not have.
    """
    _require_arms(study)

    def differences_of(contrast: Contrast) -> dict[str, MetricDifference]:
        held = race if contrast.in_family else None
        return {
            metric.name: difference_of(estimator, contrast.first, contrast.second, metric, held) for metric in metrics
        }

    family = [contrast for contrast in study.contrasts if contrast.in_family]
    differences = [differences_of(contrast) for contrast in family]
    primary = metrics[0]
    p_values = _correct([by_metric[primary.name] for by_metric in differences])
    rows = []
    for contrast, by_metric, p in zip(family, differences, p_values, strict=True):
        verdict = _decide(by_metric[primary.name], p, primary, study, unlearned_of(contrast, comparisons))
        rows.append(
            ContrastRow(
                contrast=contrast,
                differences=by_metric,
                p_values=p,
                verdict=verdict,
                failed=_failed(estimator, contrast),
            )
        )
    undeclared = [
        Comparison(contrast, differences_of(contrast), _failed(estimator, contrast))
        for contrast in study.contrasts
        if not contrast.in_family
    ]
    return ContrastTable(tuple(rows), tuple(undeclared))


def _require_arms(study: StudyDescription) -> None:
    arms = {arm.name for arm in study.arms}
    for contrast in study.contrasts:
        for arm in (contrast.first, contrast.second):
            if arm not in arms:
                raise ValueError(f"contrast {contrast.first} - {contrast.second}: the study has no arm {arm!r}")


def _decide(
    difference: MetricDifference,
    p: PValues,
    primary: Metric,
    study: StudyDescription,
    unlearned: Sequence[ConstantComparison],
) -> Verdict:
    """The verdict on one declared contrast.

    Args:
        difference: on the primary metric.
        p: corrected over the whole family.
        primary: the metric.
        study: as trained.
        unlearned: those of the two arms that are not shown better than the constant predictor.
    """
    estimates = difference.estimates
    verdict = decide_verdict(
        rerun=None if estimates is None else estimates.rerun,
        new_data=None if estimates is None else estimates.new_data,
        corrected_rerun=p.rerun_holm,
        corrected_both=p.both_holm,
        higher_is_better=primary.higher_is_better,
        groups_are=study.groups_are,
    )
    if not unlearned or verdict.kind == "too few to say":
        return verdict
    labels = [comparison.arm.label for comparison in unlearned]
    return Verdict("no verdict", no_verdict_text(labels, study.target.constant_predictor))


def _failed(estimator: Estimator, contrast: Contrast) -> int:
    """Failed runs in the two arms together."""
    return sum(estimator.results.count(arm, RunState.FAILED) for arm in (contrast.first, contrast.second))
