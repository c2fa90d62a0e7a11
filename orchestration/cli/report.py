"""``dmd-report`` as a console script: see :mod:`orchestration.cli.report_command`."""

from __future__ import annotations

from orchestration.cli.program import run_program


def main() -> None:
    """Entry point of the console script."""
    run_program("orchestration.cli.report_command", "stopped before the report was written")
