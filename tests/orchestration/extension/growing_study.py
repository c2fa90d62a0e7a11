"""A study of ridge on planted data that is extended sitting by sitting, in this process; no MLflow."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path

import pytest

from orchestration import launch
from orchestration.dry_run.preview import preview
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, prepare
from orchestration.tracking.protocol import NoTracking
from search_spaces.loading.as_run import as_run
from search_spaces.loading.document import parse_document
from search_spaces.loading.load import load_text

SPACE = """\
study: grow
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: ridge}
search: {parameters: {weakest: {log_uniform: [0.001, 0.01]}}, searcher: random, trials: 2}
confirm: {seeds: 1}
"""


class _Untracked(NoTracking):
    """In the place of MLflow's tracker, which takes longer than the study."""

    notes = ()


@cache
def plan(*overrides: str, only: tuple[str, ...] = (), space: str = SPACE) -> Prepared:
    """The space with these keys changed."""
    return prepare(load_text(space, describe_methods(), overrides), None, only=only)


def command_of(*overrides: str) -> str:
    """As a user would type it."""
    return shlex.join(["dmd-search", "--space", "grow.yaml", *(w for o in overrides for w in ("--set", o))])


def sit(
    out: Path, *overrides: str, only: tuple[str, ...] = (), space: str = SPACE, reuse: tuple[str, ...] = ()
) -> Path:
    """Run the changed space in ``out``, and return the study's directory."""
    prepared = plan(*overrides, only=only, space=space)
    directory = StudyDirectory(out / prepared.planned.space.study)
    text = as_run(parse_document(space, "grow.yaml"), overrides)
    options = launch.LaunchOptions(
        "inline", is_quiet=True, command=command_of(*overrides), space_text=text, reuse=reuse
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "MlflowTracker", lambda *args, **options: _Untracked())
        outcome = launch.launch(prepared, directory, options)
    assert outcome.num_failed == 0
    return directory.path


def foresee(
    out: Path,
    *overrides: str,
    only: tuple[str, ...] = (),
    space: str = SPACE,
    as_json: bool = False,
    reuse: tuple[str, ...] = (),
) -> str:
    """What the dry run says of the same."""
    prepared = plan(*overrides, only=only, space=space)
    directory = StudyDirectory(out / prepared.planned.space.study)
    return preview(prepared, directory, reuse, as_json=as_json, executor="inline", command=command_of(*overrides))
