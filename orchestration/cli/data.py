"""``dmd-data`` as a console script: see :mod:`orchestration.cli.data_command`."""

from __future__ import annotations

from orchestration.cli.program import run_program


def main() -> None:
    """Entry point of the console script."""
    run_program("orchestration.cli.data_command", "stopped before it was done")
