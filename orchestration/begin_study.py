"""What a session settles before its first trial: that the study is the same, what extends it, what is left to run."""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from orchestration.driver.reusable_results import FindResult, find_nothing
from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.completed_work import NOTHING_COMPLETED, NOTHING_REUSABLE, CompletedWork, count_completed
from orchestration.dry_run.cost_estimate import estimate_study, expected_costs
from orchestration.extension.extend import extend_study
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.finished_trials import read_finished
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.past_studies.test_set_use import count_test_set_uses
from orchestration.planning.plugins import KEY, kept_places
from orchestration.planning.prepared import Prepared, deciding_facts
from orchestration.planning.study_description import describe_study
from orchestration.process.redaction import content_without_credentials, without_credentials
from reports.records.extension import Extension
from reports.records.study_description import StudyDescription
from search_spaces.loading.as_run import to_yaml


@dataclass(frozen=True)
class Session:
    """How a study is run now.

    Attributes:
        command: as the user typed it.
        space_text: the search space as it runs, as YAML; empty: the checked one with all defaults.
        measure_capacity: room for its trials; called where costs are expected only, for it takes time.
        find_result: finds results in other studies.
    """

    command: str
    space_text: str
    measure_capacity: Callable[[], Capacity]
    find_result: FindResult = find_nothing


@dataclass(frozen=True)
class BegunStudy:
    """A study whose manifest is written.

    Attributes:
        description: of all its sessions.
        reusable: ids of trials that have not ended here and are known in other studies.
    """

    description: StudyDescription
    reusable: frozenset[str]


def begin_study(study_directory: StudyDirectory, prepared: Prepared, session: Session) -> BegunStudy:
    """Write the manifest of a new study; extend that of a known one by what the plan has more.

    Raises UsageError, with every reason, where trials of a known study would change.
    """
    known = study_directory.read_manifest()
    if known is None:
        description, completed = _begin(study_directory, prepared, session)
    else:
        description, completed = _continue(study_directory, known, prepared, session)
    space = content_without_credentials(_checked_space(prepared))
    study_directory.write_manifest(Manifest(description, space, deciding_facts(prepared)))
    return BegunStudy(description, frozenset(record.trial_id for record in completed.reused))


def _begin(
    study_directory: StudyDirectory, prepared: Prepared, session: Session
) -> tuple[StudyDescription, CompletedWork]:
    """Of a new study: its description, and what other studies have of it."""
    description = _describe(prepared, session)
    completed = count_completed(prepared.planned, (), session.find_result)
    if session.find_result is not find_nothing and not completed.reused:
        print(NOTHING_REUSABLE, file=sys.stderr)
    uses = count_test_set_uses(study_directory, prepared.dataset.content_hash)
    costs = _expect(prepared, session, completed)
    return replace(description, scored_before=uses, estimate=costs), completed


def _continue(
    study_directory: StudyDirectory, known: Manifest, prepared: Prepared, session: Session
) -> tuple[StudyDescription, CompletedWork]:
    """Of a known study: its description, extended by what the plan has more, and what need not run any more."""
    description = _describe(prepared, session)
    words, started = shlex.split(session.command), str(description.provenance["started"])
    planned = extend_study(study_directory, known, prepared, words, started)
    completed = NOTHING_COMPLETED
    if planned is not None or session.find_result is not find_nothing:
        # Nothing else asks what has completed, and to read it takes time.
        is_extended = planned is not None or bool(known.description.extensions)
        completed = _read_completed(study_directory, prepared, session, is_extended)
    description = _keep_beginning(description, known.description)
    if planned is not None:
        extension = _complete(planned.extension, known, _expect(prepared, session, completed))
        description = replace(description, extensions=(*description.extensions, extension))
        print("\n".join(planned.lines(description.study)), file=sys.stderr)
    return description, completed


def _describe(prepared: Prepared, session: Session) -> StudyDescription:
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    described = describe_study(
        prepared.planned,
        dataset=prepared.dataset,
        fingerprint=prepared.fingerprint,
        command=session.command,
        started=started,
    )
    text = session.space_text or to_yaml(_checked_space(prepared))
    return replace(described, space_text=without_credentials(text))


def _checked_space(prepared: Prepared) -> dict[str, Any]:
    """With all defaults; plugins are named by their copies, for the author's own folders are on no other machine."""
    plugins = prepared.planned.runner.plugins
    return {**prepared.planned.space.resolved(), **({KEY: kept_places(plugins)} if plugins else {})}


def _read_completed(
    study_directory: StudyDirectory, prepared: Prepared, session: Session, is_extended: bool
) -> CompletedWork:
    """What need not run any more."""
    finished = read_finished(study_directory.path / LEDGER_FILE).records
    own = [replace(record, epochs=(), predictions=None) for record in finished]
    return count_completed(prepared.planned, own, session.find_result, is_extended)


def _expect(prepared: Prepared, session: Session, completed: CompletedWork) -> dict[str, float]:
    """What the trials that are left will cost."""
    return expected_costs(estimate_study(prepared.planned, session.measure_capacity(), completed))


def _complete(extension: Extension, known: Manifest, costs: dict[str, float]) -> Extension:
    return replace(extension, space_before=known.description.space_text, estimate=costs)


def _keep_beginning(description: StudyDescription, began: StudyDescription) -> StudyDescription:
    """What was so when the study began stays so."""
    return replace(
        description,
        provenance=began.provenance,
        scored_before=began.scored_before,
        estimate=began.estimate,
        extensions=began.extensions,
    )
