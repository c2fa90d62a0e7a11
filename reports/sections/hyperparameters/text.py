"""The hyperparameter section as tables of text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.sections.hyperparameters.configurations_text import ConfigurationBlock
from reports.sections.hyperparameters.findings import best_text, edge_lines, finding_text
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.importance import Importance, MethodShares, Share
from reports.sections.hyperparameters.optimism import Optimism
from reports.sections.hyperparameters.optimum import ParameterPlateau, Plateau
from reports.sections.hyperparameters.sensitivity import TREND_NAMES, EffectCurve, Sensitivity
from reports.sections.hyperparameters.values import Hyperparameters
from reports.statistics.estimate import Estimate
from reports.text.markdown_table import Grid
from reports.text.number_cells import interval_cell
from reports.text.rounding import ABSENT, compact, count, decimals_for, fixed, p_text


@dataclass(frozen=True)
class ArmBlock:
    """One arm in one subsection. lead, after: sentences around the tables (empty: none)."""

    lead: str
    grids: tuple[Grid, ...]
    after: str = ""


@dataclass(frozen=True)
class HyperparameterGrids:
    """What the partial ``section.md.j2`` shows; None or empty where there is nothing to show."""

    configurations: tuple[ConfigurationBlock, ...]
    importance: tuple[ArmBlock, ...]
    findings: tuple[str, ...]
    edges: tuple[str, ...]
    sensitivity: tuple[ArmBlock, ...]
    plateaus: tuple[ArmBlock, ...]
    optimism: Grid | None
    valid_test: Grid | None


def why_no_search(study: StudyDescription) -> str:
    """Why a study has nothing to say about searches."""
    return "no search trial has ended yet" if study.search else "nothing was searched"


def hyperparameter_grids(
    section: Hyperparameters, configurations: tuple[ConfigurationBlock, ...], detailed: Collection[str]
) -> HyperparameterGrids:
    """Every table of the section; those of single arms for the arms that are shown in detail."""
    trends = zip(section.sensitivity, section.histories, strict=True)
    arm_mean = {history.arm: history for history in section.histories}
    return HyperparameterGrids(
        configurations=configurations,
        importance=tuple(
            _importance_block(item, arm_mean[item.arm]) for item in section.importance if item.arm in detailed
        ),
        findings=tuple(
            finding_text(item, history, section.is_adaptive) for item, history in trends if item.arm in detailed
        ),
        edges=tuple(edge_lines(section.edges, detailed)),
        sensitivity=tuple(
            _sensitivity_block(item, arm_mean[item.arm]) for item in section.sensitivity if item.arm in detailed
        ),
        plateaus=tuple(_plateau_block(item, arm_mean[item.arm]) for item in section.plateaus if item.arm in detailed),
        optimism=_optimism_grid(section.optimism),
        valid_test=_valid_test_grid(section.optimism),
    )


def _refused(arm: str, refusal: str) -> ArmBlock:
    return ArmBlock(f"`{arm}`: not computed; {refusal}.", ())


def _extent(history: SearchHistory, num_trials: int, num_pruned: int, num_cells: int) -> str:
    pruned = f" ({num_pruned} of them pruned)" if num_pruned else ""
    extent = f"{count(num_trials, 'trial')}{pruned} in {count(num_cells, 'cell')}"
    return f"`{history.arm}`: {extent}{history.comparison.clause}"


def _importance_block(importance: Importance, history: SearchHistory) -> ArmBlock:
    if importance.refusal:
        return _refused(importance.arm, importance.refusal)
    by_name: dict[str, dict[str, Share]] = {}
    for found in importance.methods:
        for share in found.shares:
            by_name.setdefault(share.parameter.name, {})[found.method.name] = share
    rows = []
    for name, shares in by_name.items():
        cells: tuple[str, ...] = (name, str(max(share.num_trials for share in shares.values())))
        for found in importance.methods:
            cells += _share_cells(shares.get(found.method.name))
        rows.append(cells)
    headings: tuple[str, ...] = ("Parameter", "trials")
    for found in importance.methods:
        headings += (found.method.name, "trials 95%", "noise up to")
    lead = _extent(history, importance.num_trials, importance.num_pruned, importance.num_cells)
    grid = Grid(headings, "lr" + "rrr" * len(importance.methods), tuple(rows))
    return ArmBlock(
        f"{lead}; {importance.num_samples} resamples.", (grid,), " ".join(_beyond_noise(importance.methods))
    )


def _share_cells(share: Share | None) -> tuple[str, str, str]:
    if share is None:
        return ABSENT, ABSENT, ABSENT
    return fixed(share.value, 2), f"{fixed(share.low, 2)} to {fixed(share.high, 2)}", fixed(share.noise, 2)


def _beyond_noise(methods: Sequence[MethodShares]) -> Iterator[str]:
    for found in methods:
        names = [share.parameter.name for share in found.shares if share.stands_out]
        yield f"Beyond noise by {found.method.name}: {', '.join(names) or 'none'}."
        if found.unjudged:
            yield f"Not judged by {found.method.name}, as not every trial has them: {', '.join(found.unjudged)}."


def _sensitivity_block(sensitivity: Sensitivity, history: SearchHistory) -> ArmBlock:
    if sensitivity.refusal:
        return _refused(sensitivity.arm, sensitivity.refusal)
    metric = sensitivity.objective
    lead = _extent(history, sensitivity.num_trials, sensitivity.num_pruned, sensitivity.num_cells)
    lead += (
        f"; {TREND_NAMES[sensitivity.degree]} trends, {sensitivity.df} degrees of freedom left, residual SD "
        f"{fixed(sensitivity.deviation, decimals_for([sensitivity.deviation], metric.decimals))} {metric.label}."
    )
    numeric = [curve for curve in sensitivity.curves if curve.parameter.is_numeric]
    choices = [curve for curve in sensitivity.curves if not curve.parameter.is_numeric]
    grids = [_trend_grid(numeric)] if numeric else []
    grids += [_option_grid(choices, metric)] if choices else []
    after = ""
    if sensitivity.inseparable:
        after = f"Moved together with others, so nothing is said of them: {', '.join(sensitivity.inseparable)}."
    return ArmBlock(lead, tuple(grids), after)


def _trend_grid(curves: Sequence[EffectCurve]) -> Grid:
    rows = []
    for curve in curves:
        places = (0, curve.units.size // 2, curve.units.size - 1)
        cells = tuple(_effect_cell(curve, place) for place in places)
        n = str(curve.num_trials[0])
        rows.append((curve.parameter.name, curve.parameter.range_text, n, *cells, _p_cell(curve), best_text(curve)))
    headings = ("Parameter", "searched", "trials", "at the low end", "in the middle", "at the high end")
    return Grid((*headings, "p if flat / Holm", "best lies in (95%)"), "llrrrrrl", tuple(rows))


def _option_grid(curves: Sequence[EffectCurve], metric: Metric) -> Grid:
    rows = []
    for curve in curves:
        for place, unit in enumerate(curve.units):
            is_first = place == 0
            rows.append(
                (
                    curve.parameter.name,
                    compact(curve.parameter.from_unit(float(unit))),
                    str(curve.num_trials[place]),
                    _effect_cell(curve, place),
                    _p_cell(curve) if is_first else "",
                    "yes" if curve.may_be_best[place] else "no",
                )
            )
    headings = ("Choice", "option", "trials", f"{metric.label} effect", "p if equal / Holm", "may be best (95%)")
    return Grid(headings, "lrrrrl", tuple(rows))


def _p_cell(curve: EffectCurve) -> str:
    return f"{p_text(curve.p_flat)} / {p_text(curve.p_holm)}"


def _effect_cell(curve: EffectCurve, place: int) -> str:
    effect, half_width = float(curve.effect[place]), float(curve.half_width[place])
    decimals = decimals_for([half_width], 3)
    return f"{fixed(effect, decimals, signed=True)} ± {fixed(half_width, decimals)}"


def _plateau_block(plateau: Plateau, history: SearchHistory) -> ArmBlock:
    if plateau.refusal:
        return _refused(plateau.arm, plateau.refusal)
    metric = plateau.objective
    deviation = fixed(plateau.run_deviation, decimals_for([plateau.run_deviation], metric.decimals))
    lead = (
        f"`{plateau.arm}`: {plateau.num_within} of {count(plateau.num_trials, 'trial')} in "
        f"{count(plateau.num_cells, 'cell')} lie within one run SD ({deviation} {metric.label}, "
        f"{count(plateau.df, 'degree')} of freedom) of the best of their cell."
    )
    if history.count("pruned"):
        lead += " Trials that were stopped early are left out."
    rows = [
        (item.parameter.name, item.parameter.range_text, _percent(item.share), _chance_cell(item))
        for item in plateau.parameters
    ]
    if not rows:
        return ArmBlock(lead, ())
    headings = ("Parameter", "searched", "they span", "as many random trials (95%)")
    return ArmBlock(lead, (Grid(headings, "llrr", tuple(rows)),))


def _chance_cell(item: ParameterPlateau) -> str:
    """``33% (13 to 54)``."""
    if item.chance_low is None or item.chance_high is None:
        return _percent(item.by_chance)
    return f"{_percent(item.by_chance)} ({100 * item.chance_low:.0f} to {100 * item.chance_high:.0f})"


def _percent(share: float | None) -> str:
    return ABSENT if share is None else f"{100 * share:.0f}%"


def _optimism_grid(optimism: Optimism) -> Grid | None:
    metric = optimism.objective
    rows = [
        (
            row.arm,
            str(row.num_cells),
            str(row.num_searched),
            *_gap_cells(row.searched, row.confirmed, (row.rerun, row.new_data), metric),
        )
        for row in optimism.search
    ]
    names = ("runs", f"in the search, {metric.label}", "fresh seeds", "lost")
    headings = ("Arm", "cells", "search trials", *names, "rerun 95%", "new data 95%")
    return Grid(headings, "lrrrrrrrr", tuple(rows)) if rows else None


def _valid_test_grid(optimism: Optimism) -> Grid | None:
    metric = optimism.objective
    rows = [(row.arm, *_gap_cells(row.valid, row.test, (row.rerun,), metric)) for row in optimism.valid_test]
    names = ("runs", f"valid {metric.label}", f"test {metric.label}", "lost", "rerun 95%")
    return Grid(("Arm", *names), "lrrrrr", tuple(rows)) if rows else None


def _gap_cells(promised: float, found: float, gaps: Sequence[Estimate], metric: Metric) -> tuple[str, ...]:
    """Runs, both means, the gap, its intervals. gaps: estimates of the gap, that over fresh seeds first."""
    decimals = decimals_for([gap.half_width for gap in gaps], metric.decimals)
    means = (fixed(promised, decimals), fixed(found, decimals), fixed(gaps[0].value, decimals, signed=True))
    return str(gaps[0].n), *means, *(interval_cell(gap, decimals, signed=True) for gap in gaps)
