"""The tables on how the study went, as text: arms, failures, cost."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from reports.records.run_record import Value
from reports.records.study_description import ArmDescription, StudyDescription
from reports.results.arms_as_trained import DIFFERENCE, SIZE, SIZES
from reports.sections.run_log.origins import CellOrigin
from reports.sections.run_log.values import CostTable, FailureTable
from reports.text.durations import duration_range_text, duration_text, rough_duration_text
from reports.text.listing import list_names
from reports.text.markdown_table import Grid
from reports.text.rounding import ABSENT, compact, count

_OF_BASELINE = ("ablation", "subset", "control")
"""Roles of arms that are the baseline but for what makes them arms."""
MOST_FAILURES_SHOWN = 30
MOST_CELLS_SHOWN, MOST_TRIALS_SHOWN = 100, 5


def arm_lines(study: StudyDescription, tuned: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """One line per arm: its method, preset and settings, what was built for it, how it differs from the baseline.

    Args:
        study: as trained.
        tuned: arm -> the settings that a search chose for it.
    """
    return tuple(_arm_line(study, arm, tuned.get(arm.name, ())) for arm in study.arms)


def _arm_line(study: StudyDescription, arm: ArmDescription, tuned: Collection[str]) -> str:
    name = f"`{arm.name}`" if arm.label == arm.name else f"`{arm.name}` ({arm.label})"
    if arm.is_external:
        return f"{name}: {arm.facts.get(DIFFERENCE) or 'predictions of other code'}."
    parts = [_method_text(study, arm), _overrides_text(study, arm, tuned)]
    parts += [f"tuned: {list_names(sorted(tuned), 'settings')}"] if tuned else []
    parts += [_built(arm), str(arm.facts.get(DIFFERENCE, ""))]
    return f"{name}: {'; '.join(filter(None, parts))}."


def _method_text(study: StudyDescription, arm: ArmDescription) -> str:
    """``method `recurrent` (LSTM), preset `text_lstm```."""
    label, preset = study.method(arm.model).label, arm.settings.get("preset")
    method = f"method `{arm.model}`" + (f" ({label})" if label not in ("", arm.model) else "")
    return method if preset is None else f"{method}, preset `{preset}`"


def _overrides_text(study: StudyDescription, arm: ArmDescription, tuned: Collection[str]) -> str:
    """The settings that are not the preset's, but for those that a search chose: ``with batch_size 32``.

    Of an arm of the baseline what it has otherwise than that. Where it was not recorded what the preset has: how the
    arm differs from the first one of its method.
    """
    baseline = next((other for other in study.arms if other.name == study.baseline), arm)
    if arm.role in _OF_BASELINE and arm is not baseline and arm.settings and baseline.settings:
        own = {n: value for n, value in arm.settings.items() if baseline.settings.get(n) != value}
        return _settings_text(f"as `{baseline.name}`, with", own, tuned) or f"as `{baseline.name}`"
    if arm.overrides is not None:
        return _settings_text("with", arm.overrides, tuned)
    first = next(other for other in study.arms if other.model == arm.model)
    differing = {n: value for n, value in arm.settings.items() if n in first.settings and first.settings[n] != value}
    differing.pop("preset", None)
    return _settings_text(f"other than `{first.name}`:", differing, tuned)


def _settings_text(lead: str, settings: Mapping[str, Value], tuned: Collection[str]) -> str:
    told = [f"{name} {compact(value)}" for name, value in sorted(settings.items()) if name not in tuned]
    return f"{lead} {list_names(told, 'other settings')}" if told else ""


def _built(arm: ArmDescription) -> str:
    """``3 parameters``, by cell where the searches of cells chose models of unequal size."""
    sizes: dict[int, list[str]] = {}
    for cell, size in arm.facts.get(SIZES, {}).items():
        sizes.setdefault(size, []).append(cell)
    if sizes:
        return "; ".join(f"{size} parameters ({', '.join(cells)})" for size, cells in sizes.items())
    size = arm.facts.get(SIZE)
    return "" if size is None else f"{size} parameters"


def failure_grid(failures: FailureTable) -> Grid | None:
    """Failed trials, the first of them where there are many; None without any."""
    shown = failures.rows[:MOST_FAILURES_SHOWN]
    if not shown:
        return None
    rows = tuple(
        (row.trial_id, row.arm, row.stage, str(row.seed), row.cell, _shorten(row.error), row.scored_as) for row in shown
    )
    return Grid(("Trial", "Arm", "Stage", "Seed", "Cell", "Error", "Scored as"), "lllrlll", rows)


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cost_grid(cost: CostTable) -> Grid | None:
    """Cost per arm and stage with a total; None before any trial has ended."""
    if not cost.rows:
        return None
    total = cost.total
    has_reused = total.reused > 0
    rows = tuple(
        (
            row.arm or "**total**",
            row.stage,
            str(row.trials),
            *([str(row.reused)] if has_reused else []),
            ABSENT if row.epochs is None else str(row.epochs),
            duration_text(row.device_s),
            ABSENT if row.trial_s is None else duration_text(row.trial_s),
        )
        for row in (*cost.rows, total)
    )
    reused = ("reused",) if has_reused else ()
    headings = ("Arm", "Stage", "trials", *reused, "epochs", "device time", "per trial")
    return Grid(headings, "ll" + "r" * (len(headings) - 2), rows)


def pace_sentence(study: StudyDescription, cost: CostTable, num_missing: int) -> str:
    """What was expected before the start against what it took; empty where either is not known.

    num_missing: planned confirm runs without a record.
    """
    given = {arm.name for arm in study.arms if arm.is_external}
    ran = sum(row.trials - row.reused for row in cost.rows if row.arm not in given)
    sittings, wall_s = _expected_in_turn(study, cost.total.trials - ran), study.wall_s
    expected = {name: sum(sitting[name] for sitting in sittings) for name in study.estimate}
    if not expected or wall_s is None or not cost.rows:
        return ""
    planned = expected.get("trials", ran)
    if not (ran or planned):
        return "Everything was reused, as expected: nothing was left to run."
    # More than were expected: seeds were added since, and what they took was not foreseen.
    is_same_plan = ran <= planned
    parts = []
    for name, took_s in (("wall", wall_s), ("device", cost.total.device_s)):
        middle, low, high = (expected[f"{name}{end}_s"] for end in ("", "_low", "_high"))
        ratio = f" ({took_s / middle:.2g} times that)" if middle > 0 and is_same_plan else ""
        parts.append(
            f"{rough_duration_text(middle)} of {name} time ({duration_range_text(low, high)}), "
            f"took {duration_text(took_s)}{ratio}"
        )
    rest = f" {count(num_missing, 'planned confirm run')} did not run." if num_missing else ""
    grown = "" if is_same_plan else f" for {count(round(planned), 'trial')}; {ran} have run since:"
    when = "before each sitting, all together" if len(sittings) > 1 else "before the start"
    return f"Expected {when}{grown} {' and '.join(parts)}.{rest}"


def _expected_in_turn(study: StudyDescription, num_given: int) -> tuple[Mapping[str, float], ...]:
    """What was expected at the beginning and of each extension, as long as these are parts of one sum.

    Of an extension all is expected that is left then. Where the study had been interrupted that counts once more what
    was expected before and had not run: the beginning stands alone then, as where an extension has no record.

    Args:
        study: as trained.
        num_given: ended trials that did not run in the study; nothing was expected of them.
    """
    sittings = [study.estimate]
    for extension in study.extensions:
        num_expected = sum(sitting.get("trials", math.inf) for sitting in sittings)
        if not extension.estimate or extension.num_ended - num_given < num_expected:
            return (study.estimate,)
        sittings.append(extension.estimate)
    return tuple(sittings)


def origin_grid(cells: Sequence[CellOrigin]) -> Grid | None:
    """The trials behind every arm on every cell; None without any, or where there are too many to read."""
    rows = tuple(
        (cell.arm, cell.cell, cell.configuration_id, " ".join(cell.trial_ids))
        for cell in cells
        if len(cell.trial_ids) <= MOST_TRIALS_SHOWN
    )
    if not 0 < len(rows) == len(cells) <= MOST_CELLS_SHOWN:
        return None
    return Grid(("Arm", "Cell", "Configuration", "Trials, in the order of seeds"), "llll", rows)
