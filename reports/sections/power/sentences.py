"""What a study could have seen and what it rules out, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.study_description import Contrast
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.sections.power.values import ContrastPower, NoiseFloor, PublishedGap, SmallestDetectable, TestSetUse
from reports.statistics.estimate import Estimate
from reports.statistics.verdict import MIN_DEGREES, why_unknown
from reports.text.contrasts import name_contrast
from reports.text.number_cells import decimals_of, interval_cell
from reports.text.rounding import count, decimals_for, fixed


def power_sentence(row: ContrastPower, metric: Metric, groups_are: str) -> str:
    """What could have been shown of a contrast, what was seen, and which differences are excluded.

    groups_are: what the data are grouped by, in the plural.
    """
    name, detectable = name_contrast(row.contrast), row.detectable
    estimates, refusal = detectable.estimates, _why_unknown(detectable)
    if estimates is None or refusal:
        return f"{name}: what could have been seen cannot be said: {refusal}."
    decimals = decimals_of(estimates, metric)
    could = f"could have shown {_amount(detectable.rerun, metric, decimals)} on these data"
    if detectable.rerun == 0:
        could = "the same under every seed, so that any difference on these data would have been shown"
    if detectable.new_data is None:
        could += f", and of new {groups_are} nothing ({why_unknown(estimates.new_data)})"
    else:
        could += f" and {_amount(detectable.new_data, metric, decimals)} for new {groups_are}"
    saw = f"saw {fixed(estimates.value, decimals, signed=True)}{metric.unit}"
    excluded = [_excluded(estimates.rerun, "on these data", row.contrast, metric, decimals)]
    if detectable.new_data is not None:
        excluded.append(_excluded(estimates.new_data, f"for new {groups_are}", row.contrast, metric, decimals))
    return f"{name}: {could}; {saw}. {' '.join(excluded)}"


def _why_unknown(detectable: SmallestDetectable) -> str:
    """Why nothing can be said of what could have been seen; empty if it can."""
    if detectable.estimates is None:
        return "no pair of runs is complete"
    rerun = detectable.estimates.rerun
    if rerun.df is None:
        return rerun.note or "no interval"
    return f"{count(rerun.n, 'pair')} of runs are too few" if rerun.df < MIN_DEGREES else ""


def _amount(value: float | None, metric: Metric, decimals: int) -> str:
    return f"{fixed(value, decimals)}{metric.unit} {metric.label}"


def _excluded(estimate: Estimate, where: str, contrast: Contrast, metric: Metric, decimals: int) -> str:
    """What lies outside the interval, as how far ``first`` may be ahead or behind."""
    if estimate.low is None or estimate.high is None:
        return ""
    ahead, behind = (estimate.high, -estimate.low) if metric.higher_is_better else (-estimate.low, estimate.high)
    sides = [
        f"any {word} of {contrast.shown[0]}"
        if limit <= 0
        else f"{article} {word} above {fixed(limit, decimals)}{metric.unit}"
        for word, article, limit in (("advantage", "an", ahead), ("disadvantage", "a", behind))
    ]
    return f"Excluded {where}: {sides[0]}, {sides[1]}."


def published_sentence(row: ContrastPower, gap: PublishedGap, groups_are: str) -> str:
    """What this study says about the paper's own difference on one metric."""
    label = gap.metric.label
    printed = (
        f"{name_contrast(row.contrast)}: Table 3 prints {gap.value:+.1f} points of {label} "
        f"(row {gap.rows[0]} minus row {gap.rows[1]})"
    )
    estimates = gap.detectable.estimates
    if estimates is None:
        return f"{printed}; not measured here."
    decimals = decimals_of(estimates, gap.metric)
    found = f"here {fixed(estimates.value, decimals, signed=True)} (new data {_range(estimates.new_data, decimals)})"
    if not gap.is_comparable:
        return (
            f"{printed}; {found}: the question stays open, as arms are not shown better than the training-median "
            "predictor."
        )
    if gap.detectable.new_data is None:
        why = why_unknown(estimates.new_data) or _why_unknown(gap.detectable)
        return (
            f"{printed}; {found}: what could have been seen for new {groups_are} is not known ({why}): the "
            "question stays open."
        )
    needed = (
        f"{fixed(gap.detectable.new_data, decimals)} points would have been needed to be shown for new {groups_are}"
    )
    return f"{printed}; {found}: {_settles(estimates, gap.value)}; {needed}."


def _range(estimate: Estimate, decimals: int) -> str:
    return interval_cell(estimate, decimals, signed=True)


def _settles(estimates: EstimatePair, published: float) -> str:
    low, high = estimates.new_data.low, estimates.new_data.high
    if low is None or high is None:
        return "neither shown nor excluded"
    if not low <= published <= high:
        return "a difference of that size is excluded on data of this kind"
    if low > 0 or high < 0:
        return "a difference in that direction is there, of a size that agrees with it"
    return "neither shown nor excluded"


def floor_sentence(floor: NoiseFloor, rows: Sequence[ContrastPower], metric: Metric) -> str:
    """How large a difference that is none came out, and which contrasts are no larger."""
    estimates = floor.estimates
    decimals = decimals_for([estimates.rerun.half_width, estimates.new_data.half_width], metric.decimals)
    below = [
        name_contrast(row.contrast)
        for row in rows
        if row.detectable.estimates is not None and abs(row.detectable.estimates.value) <= abs(estimates.value)
    ]
    if not floor.is_random:
        return f"No noise floor: `{floor.arm}` is the baseline under other seeds, and they change nothing in it."
    size = f"{fixed(abs(estimates.value), decimals)}{metric.unit} {metric.label}"
    widths = [
        f"± {fixed(e.half_width, decimals)} {e.question}" for e in (estimates.rerun, estimates.new_data) if e.half_width
    ]
    return (
        f"Noise floor: `{floor.arm}`, the baseline under other seeds, differs from it by {size} "
        f"({', '.join([*widths, f'n = {estimates.rerun.n} runs'])}). "
        + _against_floor(below, len(rows), sum(row.detectable.estimates is not None for row in rows))
    ).rstrip()


def _against_floor(below: Sequence[str], declared: int, measured: int) -> str:
    if below:
        return f"No larger than that: {'; '.join(below)}."
    if measured == 0:
        return ""
    return (
        "Every declared contrast is larger." if measured == declared else "Every contrast that was measured is larger."
    )


def describe_test_set_use(test_set_use: TestSetUse) -> str:
    """How many configurations were scored on the test part, here and before."""
    here = f"On any one test part, this study scored at most {count(test_set_use.here, 'configuration')}."
    if not test_set_use.before:
        return f"{here} No earlier study next to this one used these data."
    total = sum(test_set_use.before.values())
    named = ", ".join(f"{name} {number}" for name, number in test_set_use.before.items())
    return (
        f"{here} Before it, {count(total, 'configuration')} of other studies had been scored on the same data "
        f"({named}): what was learned from them may have shaped this study, and no correction here knows of it."
    )
