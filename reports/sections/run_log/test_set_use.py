"""How often a test split has been looked at: every configuration that was scored on it."""

from __future__ import annotations

from collections.abc import Iterable

from reports.records.run_record import RunRecord


def scored_configurations(records: Iterable[RunRecord]) -> frozenset[str]:
    """Ids of the configurations that some run scored on a test part. Seeds and folds do not count again."""
    return frozenset(record.configuration_id for record in records if record.test is not None)
