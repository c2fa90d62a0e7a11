"""What this study can detect: the smallest difference that each contrast could have shown, and what it rules out.

The level is the one at which a claim is made whatever the other contrasts show: 5% over the size of the family, the
first step of Holm's procedure. "Better" needs both questions; new groups vary more than new seeds, so what could have
been shown for them is what could have been shown for both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.results.estimates import Compared, EstimatePair, Estimator
from reports.results.fold_cell import FoldCell, cell_of
from reports.results.metrics import METRICS, Metric, find_metric
from reports.sections.paper_tables.labels import find_row_of_table_3
from reports.sections.paper_tables.published import AblationRow, published_dataset
from reports.statistics.estimate import CONFIDENCE, Estimate
from reports.statistics.pairing import Pairing, measure_pairing
from reports.statistics.power import level_in_use, smallest_detectable
from reports.statistics.verdict import MIN_DEGREES


@dataclass(frozen=True)
class SmallestDetectable:
    """The smallest differences that could have been shown for one contrast on one metric, in the shown unit.

    Attributes:
        estimates: the difference as estimated; None where no pair of runs is complete.
        family: contrasts that the p-values are corrected over; 1: no correction.
        rerun, new_data: smallest difference shown with 80% chance, on these data and for new groups as well; None where
            the data do not say.
    """

    estimates: EstimatePair | None
    family: int
    rerun: float | None
    new_data: float | None


@dataclass(frozen=True)
class PublishedGap:
    """The paper's own difference between two rows of Table 3, beside what was found here on that metric.

    Attributes:
        metric: of the difference.
        rows: numbers of the two rows in Table 3.
        value: first minus second row, in per cent.
        detectable: what could have been shown here, without correction, as nothing is claimed on this metric.
        is_comparable: False where an arm of the contrast is not shown better than the constant predictor.
    """

    metric: Metric
    rows: tuple[int, int]
    value: float
    detectable: SmallestDetectable
    is_comparable: bool = True


@dataclass(frozen=True)
class ContrastPower:
    """What could have been shown of one declared contrast.

    Attributes:
        contrast: the two arms.
        detectable: on the primary metric.
        pairing: what equal seeds were worth; None where the arms share no seeds, or it cannot be computed.
        published: the paper's differences between the same two arms; empty where it has none.
    """

    contrast: Contrast
    detectable: SmallestDetectable
    pairing: Pairing | None
    published: tuple[PublishedGap, ...]


@dataclass(frozen=True)
class NoiseFloor:
    """The baseline once more under other seeds, minus the baseline: a difference that is known to be none.

    Attributes:
        arm: the control, by name.
        estimates: the difference on the primary metric.
        is_random: whether the seed changes anything in the baseline.
    """

    arm: str
    estimates: EstimatePair
    is_random: bool = True


@dataclass(frozen=True)
class TestSetUse:
    """How often this test split was looked at.

    here: configurations scored on the cell that had most. before: study -> configurations that other studies had
    scored on the same data when this one began.
    """

    here: int
    before: Mapping[str, int]


@dataclass(frozen=True)
class Detection:
    """What the study could have shown.

    Attributes:
        rows: the declared contrasts, on the primary metric.
        floors: one per control that repeats the baseline.
        test_set_use: how often the test split was used.
    """

    rows: tuple[ContrastPower, ...]
    floors: tuple[NoiseFloor, ...]
    test_set_use: TestSetUse


def examine_detection(
    study: StudyDescription,
    estimator: Estimator,
    compared: Sequence[Compared],
    records: Sequence[RunRecord],
) -> Detection:
    """The section's values.

    Args:
        study: as trained.
        estimator: the results that the estimates are made from.
        compared: the declared contrasts.
        records: of both stages, in any order.
    """
    primary = find_metric(study.primary)
    rows = tuple(
        ContrastPower(
            held.contrast,
            detectable_of(held.estimates[primary.name], len(compared)),
            _pairing(estimator, held.contrast, primary),
            _published(study, held),
        )
        for held in compared
    )
    return Detection(rows, _noise_floors(study, estimator), _count_test_set_uses(study, records))


def detectable_of(estimates: EstimatePair | None, family: int) -> SmallestDetectable:
    """What could have been shown, with p-values corrected over ``family`` contrasts."""
    if estimates is None:
        return SmallestDetectable(None, family, None, None)
    rerun = _detectable(estimates.rerun, family)
    new_data = _detectable(estimates.new_data, family)
    return SmallestDetectable(
        estimates, family, rerun, None if rerun is None or new_data is None else max(rerun, new_data)
    )


def _detectable(estimate: Estimate, family: int) -> float | None:
    if estimate.df is None or estimate.std_error is None or estimate.half_width is None or estimate.df < MIN_DEGREES:
        return None
    if estimate.std_error == 0:
        return 0.0
    level = min(1 - CONFIDENCE, level_in_use(estimate.half_width, estimate.std_error, estimate.df))
    return smallest_detectable(estimate.std_error, estimate.df, level / family)


def _pairing(estimator: Estimator, contrast: Contrast, metric: Metric) -> Pairing | None:
    difference = estimator.difference(contrast.first, contrast.second, metric.name)
    return None if difference.pairs is None else measure_pairing(difference.first, difference.second)


def _published(study: StudyDescription, held: Compared) -> tuple[PublishedGap, ...]:
    """The paper's differences, where both arms are rows of Table 3 and the data are those of the paper."""
    dataset = published_dataset(study.data_origin)
    if dataset is None or study.target.kind != "regression":
        return ()
    first, second = (_published_row(study, dataset, arm) for arm in (held.contrast.first, held.contrast.second))
    if first is None or second is None:
        return ()
    return tuple(
        PublishedGap(
            metric=METRICS[name],
            rows=(first.row, second.row),
            value=first.metrics[name].value - second.metrics[name].value,
            detectable=detectable_of(held.estimates[name], 1),
            is_comparable=held.has_verdict,
        )
        for name in study.metrics
        if name in first.metrics and name in second.metrics
    )


def _published_row(study: StudyDescription, dataset: str, name: str) -> AblationRow | None:
    arm = next((arm for arm in study.family if arm.name == name), None)
    return None if arm is None else find_row_of_table_3(study, arm, dataset)


def _noise_floors(study: StudyDescription, estimator: Estimator) -> tuple[NoiseFloor, ...]:
    found = (
        (arm.name, estimator.difference(arm.name, study.baseline, study.primary).estimates)
        for arm in study.arms
        if arm.role == "control"
    )
    known = [(name, estimates.untested()) for name, estimates in found if estimates is not None]
    return tuple(NoiseFloor(name, estimates, estimator.results.is_random(study.baseline)) for name, estimates in known)


def _count_test_set_uses(study: StudyDescription, records: Sequence[RunRecord]) -> TestSetUse:
    """Configurations with test scores, those that do not speak for their arm (``confirm.top`` above 1) included."""
    scored: dict[FoldCell, set[str]] = defaultdict(set)
    for record in records:
        if record.test is not None:
            scored[cell_of(record.repeat, record.fold)].add(record.configuration_id)
    return TestSetUse(max(map(len, scored.values()), default=0), dict(sorted(study.scored_before.items())))
