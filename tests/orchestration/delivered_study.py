"""A tracked toy study without a process beside it: run to its end, and then delivered by the writer in this one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.tracking.writer_process import DriverMessages, Progress, Writer, WriterConfig
from search_spaces.terms.trial import Trial
from tests.orchestration.toy_studies import STUDY, listed, run_toy


def run_and_write(directory: Path, trials: Sequence[Trial], uri: str | None = None) -> tuple[str, ...]:
    """Run or continue the study of ``trials``, and deliver it whole; what the user is told of the store."""
    run_toy(directory, listed(list(trials)))
    return write_here(directory, uri)


def write_here(directory: Path, uri: str | None = None) -> tuple[str, ...]:
    """What the writer's process does with a study that has ended."""
    length = (directory / LEDGER_FILE).stat().st_size
    config = WriterConfig(STUDY, str(directory), str(directory / "logs"), uri, min_batch_s=0.0)
    told: list[Progress] = []
    Writer(config, DriverMessages(length, "complete"), told.append).run()
    assert (told[-1].offset, told[-1].problem, told[-1].num_rejected) == (length, None, 0)
    return told[-1].notes
