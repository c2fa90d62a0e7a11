"""Runs the product's commands on hostile files in processes that may not grow, and says what they took.

``python -m tests.hostile.contained`` imports the commands once; for every request (a JSON line on stdin) it forks, so
that a command costs milliseconds and not the import of torch. The fork may use so much more memory and processor time,
and leaves its words in files.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY_MB, CPU_S = 768, 30


@dataclass(frozen=True)
class Outcome:
    """code: exit status, negative for a signal. grown_mb: peak resident memory above that of doing nothing."""

    code: int
    stdout: str
    stderr: str
    grown_mb: float
    cpu_s: float


class Container:
    """The forking process. Close it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.contained"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._idle_kb = self._ask(["nothing"])["peak_kb"]

    def run(self, *arguments: str) -> Outcome:
        """Run ``dmd-search``, ``dmd-data`` or ``dmd-report`` with arguments."""
        answer = self._ask(arguments)
        said = [(self._folder / name).read_text(errors="replace") for name in ("stdout", "stderr")]
        return Outcome(answer["code"], *said, (answer["peak_kb"] - self._idle_kb) / 1024, answer["cpu_s"])

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _ask(self, arguments: Sequence[str]) -> dict:
        assert self._process.stdin is not None and self._process.stdout is not None
        request = {"arguments": arguments, "folder": str(self._folder)}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


def _serve() -> None:
    from dmd.data.formats import load  # noqa: F401 (imported for the forks)
    from dmd.data.inspection import inspect  # noqa: F401 (imported for the forks)
    from orchestration import launch  # noqa: F401
    from orchestration.cli import data, report, search
    from orchestration.ledger import recorded_study as recorded  # noqa: F401
    from orchestration.past_studies import write_report as report_files  # noqa: F401
    from orchestration.planning import method_catalogue as catalogue  # noqa: F401
    from search_spaces.loading import load as load_space  # noqa: F401

    commands = {"dmd-data": data.main, "dmd-report": report.main, "dmd-search": search.main, "nothing": lambda: None}
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_contained(Path(request["folder"]))
            sys.argv = list(request["arguments"])
            try:
                commands[sys.argv[0]]()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException as error:
                print(f"Traceback: {type(error).__name__}: {error}", file=sys.stderr)
                code = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status, usage = os.wait4(pid, 0)
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "peak_kb": usage.ru_maxrss,
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }
        print(json.dumps(answer), flush=True)


def _be_contained(folder: Path) -> None:
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    memory = used + MEMORY_MB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


if __name__ == "__main__":
    _serve()
