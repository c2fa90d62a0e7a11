"""What the searches of an arm say, in sentences: which parameters have an effect, and which are best at an end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from reports.results.metrics import Metric
from reports.sections.hyperparameters.edges import Edge
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.sensitivity import EffectCurve, Sensitivity
from reports.statistics.verdict import LEVEL
from reports.text.rounding import compact, count, decimals_for, fixed

ANYWHERE = "anywhere"


def finding_text(sensitivity: Sensitivity, history: SearchHistory, leads_only: bool) -> str:
    """What the trends of one arm support, in a sentence: how large each effect is, and what is not excluded.

    leads_only: whether the searcher looked at outcomes, so that the tests are only as good as if it had not.
    """
    constant = f"; had one value in all trials: {', '.join(history.constant)}" if history.constant else ""
    if sensitivity.refusal:
        return f"`{sensitivity.arm}`: nothing is said of single parameters; {sensitivity.refusal}{constant}."
    trials = count(sensitivity.num_trials, "trial")
    shown = sorted((c for c in sensitivity.curves if c.p_holm <= LEVEL), key=lambda curve: curve.p_flat)
    others = [curve for curve in sensitivity.curves if curve.p_holm > LEVEL]
    metric = sensitivity.objective
    told = [
        f"{c.parameter.name} ({_span_text(c, metric)} from its worst value to its best; best: {best_text(c)})"
        for c in shown
    ]
    silent = [f"{curve.parameter.name} (up to {_reach_text(curve, metric)})" for curve in others]
    says = "point to" if leads_only else "show an effect of"
    lead = f"{trials} {says} {', '.join(told)}" if told else f"{trials} {says} no parameter"
    rest = f"; not excluded by them: {', '.join(silent)}" if silent else ""
    return f"`{sensitivity.arm}`: {lead}{rest}{constant}."


def _span_text(curve: EffectCurve, metric: Metric) -> str:
    """``0.061 ± 0.020 MAE``."""
    decimals = decimals_for([curve.span_width], metric.decimals)
    return f"{fixed(curve.span, decimals)} ± {fixed(curve.span_width, decimals)}{metric.unit} {metric.label}"


def _reach_text(curve: EffectCurve, metric: Metric) -> str:
    """The largest effect that the trials do not exclude, in two digits at most."""
    return f"{fixed(curve.may_reach, decimals_for([curve.may_reach], metric.decimals))}{metric.unit} {metric.label}"


def edge_lines(edges: Sequence[Edge], detailed: Collection[str]) -> Iterator[str]:
    """A line per best value at an end of its range, of the arms that are shown in detail: where to look further."""
    for edge in edges:
        if edge.arm in detailed:
            yield f"`{edge.arm}`: {edge_text(edge)}; searched: {edge.parameter.range_text}"


def edge_text(edge: Edge) -> str:
    """``learning_rate at its upper end, 0.001 (the best trials of 3 of 5 searches)``."""
    why = []
    if edge.num_at_edge:
        best = "best trial" if edge.num_at_edge == 1 else "best trials"
        searches = "search" if edge.num_searches == 1 else "searches"
        why.append(f"the {best} of {edge.num_at_edge} of {edge.num_searches} {searches}")
    if edge.is_trend:
        why.append("the trend is best there")
    end = compact(edge.parameter.end_value(edge.side))
    return f"{edge.parameter.name} at its {edge.side} end, {end} ({', '.join(why)})"


def best_text(curve: EffectCurve) -> str:
    """Where the best value may lie: ``anywhere``, ``0.01 to 0.05``, ``up to 0.02 or from 0.5``."""
    if curve.may_be_best.all():
        return ANYWHERE
    if not curve.parameter.is_numeric:
        tried = curve.units[curve.may_be_best].tolist()
        return " or ".join(compact(curve.parameter.from_unit(unit)) for unit in tried)
    places = np.flatnonzero(curve.may_be_best)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    last = curve.units.size - 1
    told = []
    for run in runs:
        low, high = (compact(curve.parameter.from_unit(float(curve.units[place]))) for place in (run[0], run[-1]))
        if run[0] == 0 and run[-1] < last:
            told.append(f"up to {high}" if run.size > 1 else low)
        elif run[-1] == last and run[0] > 0:
            told.append(f"from {low}" if run.size > 1 else high)
        else:
            told.append(f"{low} to {high}" if run.size > 1 else low)
    return " or ".join(told)
