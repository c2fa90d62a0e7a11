"""The finished trials of a ledger, as a report needs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.errors import LedgerError, LedgerForeign, require_plain
from orchestration.ledger.ledger_file import count_torn_bytes, read_events
from orchestration.ledger.session_time import SessionTime
from orchestration.ledger.state import REPORT_KINDS, LedgerState
from orchestration.process.redaction import one_line
from reports.records.run_record import RunRecord


@dataclass(frozen=True)
class FinishedTrials:
    """The trials of a ledger that have ended.

    Attributes:
        records: in the order of ending.
        limit: the limit at which the last session ended, in words; None if it ended for another reason.
        wall_s: seconds from the start of every session to its last end of a trial, summed.
        notices: what had to be left out, a line each for the user.
    """

    records: tuple[RunRecord, ...]
    limit: str | None
    wall_s: float = 0.0
    notices: tuple[str, ...] = ()


def read_finished(path: Path) -> FinishedTrials:
    """What the ledger at ``path`` says; nothing where there is no file. A last line that was cut off is left out.

    Raises LedgerDamaged for a line that is not what was written, LedgerForeign for one that another version of the
    program wrote, LedgerError for a file that cannot be read.
    """
    if not path.exists():
        return FinishedTrials((), None)
    require_plain(path)
    # Records are made one by one: all of them as JSON would take more memory than the records themselves.
    state, used, number = LedgerState(keeps_records=False), SessionTime(), 0
    records: list[RunRecord] = []
    try:
        for event, _ in read_events(path, kinds=REPORT_KINDS):
            number = event.seq
            used.see(event)
            if (record := state.apply_and_read(event)) is not None:
                records.append(record)
        torn = count_torn_bytes(path)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = one_line(f"{type(error).__name__}: {error}")
        raise LedgerForeign(
            f"{path}: up to event {number}: not what this version writes ({what}); "
            "make the report with the version that ran the study, or restore the file"
        ) from error
    notices = []
    if torn:
        notices.append(f"{path}: the last line was cut off ({torn} bytes) and is left out of the report")
    if state.num_orphans:
        ended = "1 ended trial is" if state.num_orphans == 1 else f"{state.num_orphans} ended trials are"
        notices.append(
            f"{path}: {ended} left out of the report, as nothing says any more what was asked for: a line was deleted; "
            "the same dmd-search command runs what is missing"
        )
    return FinishedTrials(tuple(records), state.limit, used.used_ms() / 1000, tuple(notices))
