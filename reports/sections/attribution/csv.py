"""The attribution section as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.sections.attribution.values import Attribution
from reports.text.csv_table import ANSWER_COLUMNS, Table, estimate_pair_cells


def attribution_table(section: Attribution, metrics: Sequence[Metric]) -> Table:
    """Every effect on every metric."""
    effects: list[tuple[str, str, Mapping[str, EstimatePair | None]]] = []
    if section.factorial is not None:
        for kind, values in (
            ("main effect", section.factorial.main_effects),
            ("Shapley value", section.factorial.shapley),
            ("interaction", section.factorial.interactions),
        ):
            effects += [(kind, " x ".join(value.components), value.estimates) for value in values]
        for level in section.factorial.levels:
            levels = (f"{name} {'on' if on else 'off'}" for name, on in zip(level.components, level.on, strict=True))
            effects.append(("level mean", ", ".join(levels), level.estimates))
    if section.constrained is not None:
        values = section.constrained.values
        effects += [("precedence-constrained value", value.components[0], value.estimates) for value in values]
    effects += [("path step", f"{step.from_arm} to {step.to_arm}", step.estimates) for step in section.path]
    rows = tuple(
        (kind, of, metric.name, metric.unit, *estimate_pair_cells(estimates[metric.name]))
        for kind, of, estimates in effects
        for metric in metrics
    )
    return Table("attribution", ("kind", "of", "metric", "unit", *ANSWER_COLUMNS), rows)
