"""What the command line of ``dmd-search`` asks for, and what of it contradicts itself."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.cli.exit_codes import harmless
from orchestration.perform_study import StudyRequest


@dataclass(frozen=True, kw_only=True)
class SearchRequest(StudyRequest):
    """The options of ``dmd-search --space``; ``quiet`` is said by ``--json``, too.

    Attributes:
        space: a file, or the name of a packaged space.
        overrides: ``key=value``.
        plugins: files that declare methods.
        dry_run: print the plan and its cost only.
        report_only: write the report only.
        export_config: the arm whose configuration is written; None: none.
        fold: of ``export_config``.
        as_json: the result as one JSON object.
    """

    space: str
    overrides: tuple[str, ...]
    plugins: tuple[Path, ...]
    dry_run: bool
    report_only: bool
    export_config: str | None
    fold: int | None
    as_json: bool

    def say(self, line: str) -> None:
        """What the command is doing, on stderr; nothing where only its result is wanted."""
        if not self.quiet:
            print(harmless(line), file=sys.stderr, flush=True)

    def require_consistent(self) -> None:
        """Raise UsageError, with every problem at once, where options contradict each other."""
        from orchestration.process.errors import UsageError

        if problems := list(self._contradictions()):
            raise UsageError("\n".join(problems))

    def _contradictions(self) -> Iterator[str]:
        runs_all = {"--dry-run": self.dry_run, "--fresh": self.fresh, "--only": bool(self.only)}
        if self.export_config is not None:
            yield from _given_beside("--export-config", {**runs_all, "--report-only": self.report_only})
        elif self.fold is not None:
            yield "--fold says which fold's configuration to export: add --export-config ARM"
        elif self.report_only:
            yield from _given_beside("--report-only", runs_all)
        elif self.address is not None and self.executor == "inline":
            yield "--address: --executor inline runs in this process, not on a cluster; leave one of them out"


def _given_beside(option: str, given: Mapping[str, bool]) -> Iterator[str]:
    """``option`` runs nothing, so options that say what to run contradict it."""
    return (f"{option} runs nothing: leave {name} out" for name, is_given in given.items() if is_given)


def command_line(data_dir: Path | None = None) -> str:
    """The command as it was typed, with passwords in addresses blanked.

    data_dir: folder of data files that the study needs; added where the environment named it and the command did not.
    """
    from orchestration.process.redaction import without_credentials

    words = sys.argv[1:]
    is_named = any(word.partition("=")[0] == "--data-dir" for word in words)
    named = [] if data_dir is None or is_named else ["--data-dir", str(data_dir)]
    return without_credentials(shlex.join(["dmd-search", *words, *named]))
