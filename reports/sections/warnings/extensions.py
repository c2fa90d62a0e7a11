"""What an extended study cannot undo: results were known when something was added, and choices may be behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.confirm_records import unconfirmed_places
from reports.results.current_choice import ChoiceRule
from reports.text.listing import list_names
from reports.text.rounding import count


def extension_cautions(study: StudyDescription, records: Sequence[RunRecord]) -> Iterator[str]:
    """The sentences that apply; none for a study that was planned once."""
    if not study.extensions:
        return
    behind = sorted({arm for arm, _, _ in unconfirmed_places(records, ChoiceRule.of(study))})
    if behind:
        yield (
            f"The longer search has found better configurations for {list_names(behind, 'arms')} that are not "
            "confirmed yet: their numbers are of the earlier choices until the same command has run to its end."
        )
    seen = [extension for extension in study.extensions if extension.num_scored]
    if seen:
        when = ", ".join(f"{found.date} after {count(found.num_scored, 'run')}" for found in seen)
        yield (
            f"The study was extended when results on the test part were known ({when}): what was added may have been "
            "chosen in their light, and no correction here knows of it."
        )
