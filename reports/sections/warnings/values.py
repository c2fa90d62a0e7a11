"""What a reader must know before believing the tables: one sentence per caution, generated from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.estimates import Estimator
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunCounts, RunState
from reports.sections.ablation.constant_comparison import ConstantComparison
from reports.sections.ablation.constant_sentences import constant_sentences
from reports.sections.ablation.health import FEW_SEEDS, runs_by_arm
from reports.sections.ablation.values import ArmRow
from reports.sections.hyperparameters.edges import Edge
from reports.sections.seed_race.values import RaceTable
from reports.sections.tuning.values import Budget, unequal_budgets
from reports.sections.warnings.divergence import failing_searches
from reports.sections.warnings.effects import without_effect
from reports.sections.warnings.extensions import extension_cautions
from reports.sections.warnings.training_length import capped_training
from reports.statistics import corrected_t
from reports.text.listing import list_names
from reports.text.rounding import count

FEW_GROUPS = 50


def collect_warnings(
    study: StudyDescription,
    estimator: Estimator,
    budget: Budget,
    rows: Sequence[ArmRow],
    comparisons: Mapping[str, ConstantComparison],
    metric: Metric,
    race: RaceTable | None = None,
    records: Sequence[RunRecord] = (),
    edges: Sequence[Edge] = (),
) -> tuple[str, ...]:
    """Every warning that applies, the gravest first.

    Args:
        study: what was planned.
        estimator: the results that the estimates are made from.
        budget: what the searches used.
        rows: each arm once.
        comparisons: arm -> how it compares with the constant predictor.
        metric: the primary one.
        race: of the study's seeds; None where none were raced.
        records: of the trials, which know what has an effect in a trained model, and how training ended.
        edges: best values at an end of their range.
    """
    sentences = [
        *_incomplete(rows),
        *_failed(rows, study.target.constant_predictor),
        *constant_sentences(comparisons, metric, study.target),
        *without_effect(study, records),
        *capped_training(study, records),
        *_open_races(race),
        *extension_cautions(study, records),
        *study.data.get("cautions", ()),
        *_ungrouped(study),
        *_spread(study, estimator, rows),
        *_tuning(study, budget),
        *_at_an_end(study, edges),
        *_external(study),
        *_unknown_arms(estimator.results),
    ]
    if study.ended_by:
        missing = int((estimator.results.state == RunState.MISSING).sum())
        left = (
            f"{count(missing, 'planned confirm run')} did not run" if missing else "every planned confirm run has ended"
        )
        sentences.insert(0, f"The study ended at a limit ({study.ended_by}): {left}.")
    return tuple(sentences)


def _incomplete(rows: Sequence[ArmRow]) -> list[str]:
    """One sentence for all arms that lack the same."""
    alike: dict[RunCounts | None, list[ArmRow]] = {}
    for row in rows:
        if row.counts.scored == 0 or row.counts.missing:
            alike.setdefault(None if row.counts.scored == 0 else row.counts, []).append(row)
    return [_what_is_missing(counts, [row.label for row in found]) for counts, found in alike.items()]


def _what_is_missing(counts: RunCounts | None, labels: Sequence[str]) -> str:
    """counts: of every arm in ``labels``; None where they have no run."""
    names, is_one = "; ".join(labels), len(labels) == 1
    if counts is None:
        return f"{names} {'has' if is_one else 'have'} no confirm run and so no numbers."
    missing = f"{names} {'lacks' if is_one else 'each lack'} {count(counts.missing, 'planned run')}"
    if counts.cells == counts.cells_planned:
        return f"{missing}."
    covers, means = ("covers", "its mean is") if is_one else ("cover", "their means are")
    return (
        f"{missing} and {covers} {counts.cells} of {counts.cells_planned} folds, so {means} over other data than the "
        "other arms' (contrasts use complete pairs only)."
    )


def _failed(rows: Sequence[ArmRow], predictor: str) -> list[str]:
    sentences = []
    for row in rows:
        failed, scored = row.counts.failed, row.counts.scored
        if failed:
            kind = "; the survivors-only figure leaves them out and is too kind" if failed < scored else ""
            sentences.append(
                f"{row.label}: {failed} of {count(scored, 'confirm run')} failed and score as the {predictor} in every "
                f"table{kind}."
            )
    return sentences


def _open_races(race: RaceTable | None) -> list[str]:
    undecided = [row.contrast.pair for row in race.rows if row.outcome == "open"] if race else []
    if race is None or not undecided:
        return []
    return [
        f"The race ended early, after {race.num_looks} of {len(race.rule.looks)} interim analyses; undecided: "
        f"{', '.join(undecided)}. More seeds may still decide them."
    ]


def _ungrouped(study: StudyDescription) -> list[str]:
    if study.groups_are != "items":
        return []
    return [
        "It is not known which items belong together (to one video, to one dialogue), so every item counts by itself: "
        "where some do, the new-data intervals are too narrow. `data.groups` of the space tells which."
    ]


def _spread(study: StudyDescription, estimator: Estimator, rows: Sequence[ArmRow]) -> list[str]:
    sentences = []
    results = estimator.results
    sentences += _few_seeds(results, rows)
    if results.is_official and not results.why_not_new:
        sentences.append(
            "One official split: the new-data intervals hold the training set fixed and vary the test "
            f"{study.groups_are} only; they are silent on how another training set would change the models."
        )
    elif not results.is_official and 0 < (num_groups := estimator.replicates.num_groups) < FEW_GROUPS:
        sentences.append(
            f"{num_groups} {study.groups_are} in all folds together: the new-data intervals rest on the spread "
            f"between them; more {study.groups_are} narrow them, more seeds or repeats hardly do."
        )
    if not results.is_official and any(_is_by_folds(row) for row in rows):
        sentences.append(
            "Where predictions that reproduce a score are missing, or there is one seed, the new-data interval comes "
            f"from the means of {len(results.cells)} folds alone and is wider than it would have to be."
        )
    return sentences


def _few_seeds(results: ResultsTable, rows: Sequence[ArmRow]) -> list[str]:
    """What few runs cannot say, and of which arms."""
    runs = runs_by_arm(rows)
    each = "" if results.is_official else " per fold"
    single = [label for label, number in runs if number <= 1]
    few = [(label, number) for label, number in runs if 1 < number < FEW_SEEDS]
    sentences = []
    if single:
        whose = "" if len(single) == len(runs) else f" of {list_names(single, 'arms')}"
        sentences.append(f"One run{each}{whose}: how much a rerun would differ is unknown.")
    if few:
        numbers = sorted({f"{number:.2g}" for _, number in few}, key=float)
        extent = numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        whose = "" if len(few) == len(runs) else f" of {list_names([label for label, _ in few], 'arms')}"
        sentences.append(
            f"Only {extent} runs{each or ' per arm'}{whose}: the run-to-run spread is itself known roughly, and small "
            "differences go unseen."
        )
    return sentences


def _is_by_folds(row: ArmRow) -> bool:
    estimates = [measured.estimates for measured in row.measured.values()]
    return any(found is not None and found.new_data.method == corrected_t.METHOD for found in estimates)


def _tuning(study: StudyDescription, budget: Budget) -> list[str]:
    sentences = []
    if study.search.get("scope") == "baseline":
        sentences.extend(_inherited(study))
    sentences.extend(unequal_budgets(budget))
    tuned = budget.by_arm()
    planned = [arm for arm in study.arms if arm.role != "control"]
    without = [arm.label for arm in planned if arm.name not in tuned]
    if tuned and without and study.search.get("scope") != "baseline":
        names = list_names([arm.label for arm in planned if arm.name in tuned], "arms")
        sentences.append(f"Tuned: {names}; not tuned: {list_names(without, 'arms')}.")
    return [*sentences, *failing_searches(budget)]


def _at_an_end(study: StudyDescription, edges: Sequence[Edge]) -> list[str]:
    labels = {arm.name: arm.label for arm in study.arms}
    told = [f"{labels[edge.arm]} {edge.parameter.name} ({edge.side} end)" for edge in edges]
    if not told:
        return []
    return [
        f"Best values lie at an end of the searched range: {list_names(told, 'parameters')}. Beyond it these arms may "
        "be better than they look here; widen the range there (Hyperparameters says from where)."
    ]


def _inherited(study: StudyDescription) -> list[str]:
    """Where the baseline alone was tuned: whom that favours it over, and how."""
    others = [arm for arm in study.arms if arm.name != study.baseline and arm.role != "control"]
    heirs = [arm.label for arm in others if arm.role != "model"]
    untuned = [arm.label for arm in others if arm.role == "model" and not arm.is_external]
    told = [f"inherited by {list_names(heirs, 'arms')}"] if heirs else []
    told += [f"not by {list_names(untuned, 'methods')}, which kept their settings"] if untuned else []
    if not told:
        return []
    baseline = next((arm.label for arm in study.arms if arm.name == study.baseline), study.baseline)
    return [f"Hyperparameters were tuned on {baseline} only, {', '.join(told)}: this favours {baseline}."]


def _external(study: StudyDescription) -> list[str]:
    names = ", ".join(arm.label for arm in study.arms if arm.is_external)
    if not names:
        return []
    return [
        f"Predictions of other code ({names}): scored here once, on labels that the file does not have; whether that "
        "code was tuned or stopped on this test split cannot be known here, and equal seeds mean equal folds only."
    ]


def _unknown_arms(results: ResultsTable) -> list[str]:
    if not results.unknown_arms:
        return []
    return [f"Records of arms that the study does not have are left out: {', '.join(results.unknown_arms)}."]
