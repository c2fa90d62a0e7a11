"""The builds that are compared: each a checkout whose commands run as processes of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_ENTRY = """
import sys
try:
    from orchestration.cli.entry_points import {name} as run
except ImportError:
    from orchestration.cli.{name} import main as run
sys.argv[0] = "dmd-{name}"
run()
"""
_STUDY = """
import sys
from pathlib import Path
import benchmarks.report_scale as made_up
made_up.NUM_ARMS, made_up.NUM_SEEDS = int(sys.argv[3]), int(sys.argv[4])
print(made_up.write_study(Path(sys.argv[1]), int(sys.argv[2])))
"""


@dataclass(frozen=True)
class Side:
    """One build. root: of its checkout."""

    name: str
    root: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """``dmd-search`` or ``dmd-report`` of this build. program: without ``dmd-``."""
        return [sys.executable, "-c", _ENTRY.format(name=program), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root)}

    def write_study(self, directory: Path, num_records: int, num_arms: int, num_seeds: int) -> int:
        """A made-up study of about so many trials (:mod:`benchmarks.report_scale`); returns how many it has."""
        shape = (str(number) for number in (num_records, num_arms, num_seeds))
        written = subprocess.run(
            [sys.executable, "-c", _STUDY, str(directory), *shape],
            cwd=self.root,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return int(written.stdout)


@contextlib.contextmanager
def sides(against: str | None) -> Iterator[Sequence[Side]]:
    """This build, and that of another commit in a worktree of its own with its own compiled passes.

    Both run with this Python and its packages. Raises subprocess.CalledProcessError for an unknown commit.
    """
    ours = Side("ours", _ROOT)
    if against is None:
        yield (ours,)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "base")
        _git("worktree", "add", "--detach", str(place), against)
        try:
            _compile(place)
            yield (ours, Side("base", place))
        finally:
            _git("worktree", "remove", "--force", str(place))


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(_ROOT), *arguments], check=True, capture_output=True)


def _compile(place: Path) -> None:
    """Without a compiler that build computes with torch, as it does where it is installed."""
    build = [sys.executable, "-c", "from setuptools import setup; setup()", "build_ext", "--inplace"]
    done = subprocess.run(build, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"the compiled passes of {place.name} could not be built; it computes with torch", file=sys.stderr)
