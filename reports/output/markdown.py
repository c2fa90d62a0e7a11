"""The report as Markdown that reads well on a forge and in a terminal. Same report, same bytes."""

from __future__ import annotations

import itertools
import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.drawing.plot import NoPlot, Plot
from reports.output.figures import plots_of
from reports.report import Report
from reports.results.detailed_arms import selection_sentence
from reports.results.results import RunState
from reports.sections.ablation import text as result_grids
from reports.sections.attribution.text import attribution_grids
from reports.sections.hyperparameters.text import hyperparameter_grids
from reports.sections.model_inside import text as inside_grids
from reports.sections.paper_tables.text import paper_block
from reports.sections.pareto.text import front_blocks, objective_label
from reports.sections.power.text import detection_text
from reports.sections.run_log import text as study_grids
from reports.sections.run_log.rerun_sentences import alone_text
from reports.sections.seed_race import text as race_grid
from reports.sections.tuning.text import budget_grids
from reports.statistics.estimate import Estimate
from reports.text.number_cells import CELL_LEGEND
from reports.text.seeds_and_folds import cells_text, mean_of_searches, paired_by, seeds_text

LONGEST_ALTERNATIVE = 300


def render_markdown(report: Report) -> str:
    """The whole report as Markdown text, ending with one line feed. Figures are referred to, not drawn."""
    plots = plots_of(report)
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=False,  # Markdown, not HTML; cells are escaped by Grid
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("report.md.j2").render(
        report=report,
        figure=lambda name: figure_text(plots[name]),
        study=report.study,
        metric=report.primary,
        cell_legend=CELL_LEGEND,
        selection=selection_sentence(report),
        ablation=result_grids.ablation_grid(report),
        ticks=result_grids.ticks_sentence(report),
        paper=[paper_block(table) for table in report.paper],
        other_metrics=list(result_grids.other_metric_grids(report)),
        contrast_sizes=result_grids.contrast_size_grid(report),
        contrast_tests=result_grids.contrast_test_grid(report),
        beside=result_grids.beside_grid(report),
        verdicts=list(result_grids.verdict_lines(report)),
        attribution=attribution_grids(report),
        detection=detection_text(report),
        pareto_blocks=list(front_blocks(report)),
        pareto_objectives=", ".join(map(objective_label, report.pareto.objectives if report.pareto else ())),
        race=race_grid.race_grid(report),
        smallest_effect=race_grid.smallest_effect_text(report),
        models=result_grids.model_grid(report),
        hyperparameters=hyperparameter_grids(report),
        inside={
            "edges": inside_grids.edge_grid(report),
            "edges_of": next((graph.label for graph in inside_grids.shown_graphs(report)), ""),
            "probes": inside_grids.probe_grid(report),
        },
        arm_lines=study_grids.arm_lines(report),
        budget=budget_grids(report),
        failures=study_grids.failure_grid(report),
        num_failures_shown=study_grids.MOST_FAILURES_SHOWN,
        cost=study_grids.cost_grid(report),
        pace=study_grids.pace_sentence(report),
        origins=study_grids.origin_grid(report),
        why_undefined=undefined_reasons(report),
        seeds=seeds_text(report.results),
        cells=cells_text(report.results),
        paired_by=paired_by(report.results),
        mean_of_searches=mean_of_searches(report.results),
        has_unsearched=bool({arm.name for arm in report.study.arms} - set(report.budget.by_arm())),
        alone=alone_text(report),
        num_runs=int((report.results.state >= RunState.COMPLETED).sum()),
        num_planned=int((report.results.state > RunState.NOT_PLANNED).sum()),
    )
    return text.rstrip("\n") + "\n"


def answer_in(markdown: str) -> str:
    """The answer of a rendered report: the list right below its title."""
    lines = markdown.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("- "))
    return "\n".join(itertools.takewhile(lambda line: line.startswith("- "), lines[start:]))


def figure_text(plot: Plot | NoPlot) -> str:
    """The reference to a figure and its caption, or one line on why there is none."""
    if isinstance(plot, NoPlot):
        return f"*{literal(plot.reason)}*"
    alternative = literal(f"{plot.title}. {shortened(plot.description)}")
    return f"![{alternative}](figures/{plot.name}.svg)\n\n*{literal(plot.caption)}*"


def shortened(text: str) -> str:
    """Whole clauses of ``text``, at most :data:`LONGEST_ALTERNATIVE` characters: the source of a report is read too.

    The HTML page has the description whole.
    """
    if len(text) <= LONGEST_ALTERNATIVE:
        return text
    kept = text[:LONGEST_ALTERNATIVE].rpartition(";")[0] or text[:LONGEST_ALTERNATIVE].rpartition(" ")[0]
    return f"{kept}; and so on"


def literal(text: str) -> str:
    """``text`` as Markdown that shows it letter by letter, whatever a name in it contains."""
    return re.sub(r"([\\`*_\[\]<>&!~])", r"\\\1", " ".join(text.split()))


def undefined_reasons(report: Report) -> tuple[str, ...]:
    """Why some intervals of the primary metric are undefined: each reason once."""
    reasons: dict[str, None] = {}
    arms = [row.measured[report.primary.name].answers for row in report.ablation.rows]
    arms += [model.row.measured[report.primary.name].answers for model in report.models]
    arms += [row.differences[report.primary.name].answers for row in report.contrasts.everything]
    for answers in arms:
        estimates: tuple[Estimate, ...] = () if answers is None else (answers.rerun, answers.new_data)
        for estimate in estimates:
            if estimate.low is None and estimate.note:
                reasons.setdefault(f"{estimate.question}: {estimate.note}")
    return tuple(reasons)
