"""The sections on how the study went: what was run, what failed, what it cost, and where its numbers come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.run_log import csv
from reports.sections.run_log import text as grids
from reports.sections.run_log.declarations import WeighedTerm, component_table, loss_grid, loss_table, weigh_terms
from reports.sections.run_log.rerun_sentences import alone_text
from reports.sections.run_log.values import CostTable, FailureTable, Provenance
from reports.sections.section import LeftOut, Section
from reports.text.csv_table import Table
from reports.text.seeds_and_folds import cells_text, seeds_text
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class ExtentSection(Section):
    """Data, arms, stages and search of the study.

    Attributes:
        study, results: which.
        metrics: those of the runs in CSV.
        selection: which arms are shown in detail; empty where they all are.
        has_searches: whether a search trial has ended.
        most_seeds: confirm seeds of an arm at the last look of a race; None where seeds were not raced.
        num_superseded: confirm runs of configurations that a search which was extended chooses no longer.
    """

    title: ClassVar[str] = "What was run"

    study: StudyDescription
    results: ResultsTable
    metrics: tuple[Metric, ...]
    selection: str
    has_searches: bool
    most_seeds: int | None
    num_superseded: int = 0

    def markdown(self) -> str:
        """A list."""
        return render_markdown_template(
            "sections/run_log/extent.md.j2",
            study=self.study,
            selection=self.selection,
            has_searches=self.has_searches,
            most_seeds=self.most_seeds,
            num_superseded=self.num_superseded,
            num_runs=int((self.results.state >= RunState.COMPLETED).sum()),
            num_planned=int((self.results.state > RunState.NOT_PLANNED).sum()),
            seeds=seeds_text(self.results),
            cells=cells_text(self.results),
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every confirm run."""
        return (csv.run_table(self.results, self.metrics),)


@dataclass(frozen=True)
class FailuresSection(Section):
    """Every failed trial, and every planned run without a record."""

    title: ClassVar[str] = "Failures"

    failures: FailureTable

    def markdown(self) -> str:
        """The first of them."""
        return render_markdown_template(
            "sections/run_log/failures.md.j2",
            grid=grids.failure_grid(self.failures),
            num_failures=len(self.failures.rows),
            num_shown=grids.MOST_FAILURES_SHOWN,
            missing=self.failures.missing,
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Failures, where there are none."""
        return () if self.failures.rows else (LeftOut("failures", "no trial failed"),)

    def csv_tables(self) -> tuple[Table, ...]:
        """All of them."""
        return (csv.failure_table(self.failures),)


@dataclass(frozen=True)
class CostSection(Section):
    """What the study cost, beside what was expected.

    Attributes:
        cost: per arm and stage.
        study: with its estimate.
        num_missing: planned confirm runs without a record.
    """

    title: ClassVar[str] = "Cost"

    cost: CostTable
    study: StudyDescription
    num_missing: int

    def markdown(self) -> str:
        """The table with its total."""
        return render_markdown_template(
            "sections/run_log/cost.md.j2",
            grid=grids.cost_grid(self.cost),
            pace=grids.pace_sentence(self.study, self.cost, self.num_missing),
            origins=self.cost.origins,
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Cost, before any trial has ended."""
        return () if self.cost.rows else (LeftOut("cost", "no trial has ended"),)

    def csv_tables(self) -> tuple[Table, ...]:
        """The same without the total."""
        return (csv.cost_table(self.cost),)


@dataclass(frozen=True)
class ArmsAsBuiltSection(Section):
    """What every arm is, what was built for it, and what its method declares.

    Attributes:
        study, results: whose arms these are, and the runs that say what was tuned.
    """

    title: ClassVar[str] = "Arms as built"

    study: StudyDescription
    results: ResultsTable

    def markdown(self) -> str:
        """A line per arm, and the terms of each method's loss."""
        lines = "\n".join(f"- {line}" for line in grids.arm_lines(self.study, self._tuned))
        losses = loss_grid(self._terms)
        if losses is None:
            return lines
        lead = "Terms of the loss, weighed as in the first arm of each method (`tables/losses.csv` names it):"
        return "\n\n".join(filter(None, (lines, lead, str(losses))))

    def csv_tables(self) -> tuple[Table, ...]:
        """Labels of components, and weights of losses."""
        return component_table(self.study), loss_table(self._terms)

    @property
    def _terms(self) -> tuple[WeighedTerm, ...]:
        return weigh_terms(self.study, self._tuned)

    @property
    def _tuned(self) -> dict[str, frozenset[str]]:
        """Arm -> the settings that its confirm runs have from a search; without the arms that have no run yet."""
        runs_of = {arm.name: self.results.runs_of(arm.name).values() for arm in self.study.arms}
        return {
            arm: frozenset(name for run in runs for name in run.parameters) for arm, runs in runs_of.items() if runs
        }


@dataclass(frozen=True)
class ProvenanceSection(Section):
    """Data, environment, settings, and the trials behind every cell.

    Attributes:
        provenance: all of it, the commands included.
        components: toggles in display order.
        metrics: whose means the cells have.
        trials: a line for every trial that has ended.
    """

    title: ClassVar[str] = "Provenance"

    provenance: Provenance
    components: tuple[str, ...]
    metrics: tuple[Metric, ...]
    trials: Table

    def markdown(self) -> str:
        """Lists, and the table of trials where it is short enough."""
        return render_markdown_template(
            "sections/run_log/provenance.md.j2",
            provenance=self.provenance,
            origins=grids.origin_grid(self.provenance.cells),
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every cell, every pair of the lists, and every trial."""
        cells = csv.cell_table(self.provenance.cells, self.components, self.metrics)
        return cells, csv.provenance_table(self.provenance), self.trials


@dataclass(frozen=True)
class RunAgainSection(Section):
    """The commands that make the numbers again.

    Attributes:
        provenance: with the commands.
        study: whose search says what repeats.
        is_adaptive: whether the searcher looked at earlier outcomes.
    """

    title: ClassVar[str] = "Run it again"

    provenance: Provenance
    study: StudyDescription
    is_adaptive: bool

    def markdown(self) -> str:
        """The command of the study, then one for each arm."""
        return render_markdown_template(
            "sections/run_log/run_again.md.j2",
            command=self.provenance.command,
            sittings=self.provenance.sittings,
            spaces=self.provenance.spaces,
            has_plugins=self.provenance.has_plugins,
            rows=self.provenance.rows,
            alone=alone_text(self.study.search, self.is_adaptive),
        )
