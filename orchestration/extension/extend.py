"""Whether a directory's study is continued by a changed plan, and what the change adds to it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestration.extension.added import describe_added, describe_effects, describe_notes
from orchestration.extension.changed_keys import find_changes
from orchestration.extension.conflicts import find_conflicts
from orchestration.extension.earlier_trials import read_earlier_trials
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.lock import require_no_driver
from orchestration.ledger.study_directory import EXTERNAL_KEY, PLUGIN_KEY, Manifest, StudyDirectory
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.prepared import Prepared, deciding_facts
from orchestration.process.errors import UsageError
from orchestration.process.redaction import content_without_credentials
from reports.records.extension import Extension
from reports.text.rounding import count

_CODE = "code"
_ANEW = "another `study` name, another --out, or --fresh (the old one is kept)"
_ANOTHER_STUDY = (
    "give it another `study` name or --out, or start anew with --fresh (the old one is kept): no trial stays the same"
)
"""What is left where data, code or software changed: nothing of such a study could be reused."""
_RUNS_NOTHING = ("--dry-run", "--fresh", "--json", "--quiet")


@dataclass(frozen=True)
class PlannedExtension:
    """What a changed plan does to a study.

    Attributes:
        extension: as the study keeps it.
        foresight: what the session will mean, in sentences for whoever starts it.
    """

    extension: Extension
    foresight: tuple[str, ...]

    def lines(self, study: str) -> list[str]:
        """For whoever runs the command, before anything runs."""
        found = self.extension
        ended = f"{count(found.num_ended, 'trial')} ended so far, {found.num_scored} scored on test"
        told = (*found.added, *self.foresight, *found.notes)
        return [f"extends study {study} ({ended}):", *(f"  {line}" for line in told)]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self.extension), "foresight": list(self.foresight)}


def require_continuable(
    study_directory: StudyDirectory, prepared: Prepared, command: Sequence[str]
) -> PlannedExtension | None:
    """What a dry run says of a directory: what the study there would be extended by, None where it stays as planned or
    there is none.

    Args:
        study_directory: where the study would run.
        prepared: the study.
        command: words of the command that asks.

    Raises:
        UsageError: what a run refuses before it starts: another study, a place that cannot hold one.
        LedgerLocked: a driver works on it.
    """
    study_directory.require_writable()
    study_directory.require_no_links()
    require_no_driver(study_directory.path)
    known = study_directory.read_manifest()
    return None if known is None else extend_study(study_directory, known, prepared, command, at="")


def extend_study(
    study_directory: StudyDirectory, known: Manifest, prepared: Prepared, command: Sequence[str], at: str
) -> PlannedExtension | None:
    """What the prepared study adds to the one that is known; None where it is the same.

    Args:
        study_directory: of the study.
        known: its manifest.
        prepared: the study as it is now.
        command: words of the command that runs it.
        at: date and time in ISO 8601.

    Raises:
        UsageError: names everything that would change trials that have run.
    """
    planned, deciding = prepared.planned, deciding_facts(prepared)
    facts = _changed_facts(known.deciding, deciding)
    changes = find_changes(known.space, content_without_credentials(planned.space.resolved()))
    added = describe_added(planned, known.description, changes)
    if not (facts or changes or added):
        return None
    if _CODE in facts:
        raise UsageError(_other_code(study_directory, facts))
    earlier = read_earlier_trials(study_directory.path / LEDGER_FILE)
    reasons = [*facts.values(), *find_conflicts(planned, known.description, changes, earlier)]
    if reasons:
        remedy = _ANOTHER_STUDY if facts else _beside(study_directory, planned, command)
        raise UsageError(
            f"{study_directory.path}: this study was started differently, and trials of it would change: "
            f"{'; '.join(reasons)}. Undo the change, or {remedy}"
        )
    notes = describe_notes(planned, known.description, changes, earlier)
    before = tuple((pair.first, pair.second) for pair in known.description.contrasts if pair.in_family)
    extension = Extension(
        at=at,
        command=shlex.join(command),
        added=added,
        notes=notes,
        num_ended=earlier.num_ended,
        num_scored=earlier.num_scored,
        changes=changes,
        num_asked=len(earlier.trials),
        contrasts_before=before,
    )
    return PlannedExtension(extension, describe_effects(planned, changes, earlier))


def _other_code(study_directory: StudyDirectory, facts: Mapping[str, str]) -> str:
    """Why a study that another version began ends there. Settings that only one of them has are no further reasons."""
    return (
        f"{study_directory.path}: another version of this program began this study and gives other numbers "
        f"({'; '.join(facts.values())}): go on with that version, or run it anew with {_ANEW}. "
        "dmd-report, dmd-search status and ui read it as it is"
    )


def _changed_facts(known: Mapping[str, Any], deciding: Mapping[str, Any]) -> dict[str, str]:
    """Facts besides the space that changed, by name. Predictions of other code and plugins may be added."""
    added = {name for name in deciding if name.startswith((EXTERNAL_KEY, PLUGIN_KEY))} - set(known)
    # Whether an arm of a plugin may go is for its trials to say.
    gone = {name for name in known if name.startswith(PLUGIN_KEY)} - set(deciding)
    return {
        name: f"{name} was {known.get(name)!r}, is {deciding.get(name)!r}"
        for name in sorted({*known, *deciding} - added - gone)
        if known.get(name) != deciding.get(name)
    }


def _beside(study_directory: StudyDirectory, planned: PlannedStudy, command: Sequence[str]) -> str:
    """How to run the changed study beside the one that is there."""
    path = study_directory.path
    number = next(n for n in range(2, 1_000_000) if not path.with_name(f"{path.name}-{n}").exists())
    words = [word for word in command or ("dmd-search", "--space", "FILE") if word not in _RUNS_NOTHING]
    beside = shlex.join([*words, "--set", f"study={planned.space.study}-{number}", "--reuse", str(path)])
    return f"run it as a study of its own, which takes over every trial that stays the same: {beside}"
