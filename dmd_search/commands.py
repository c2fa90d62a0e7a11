"""What the commands ``dmd-search`` and ``dmd-report`` do, as functions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import read_plugin
from dmd_search.errors import raising_study_errors
from dmd_search.study import Study, data_directory
from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.write_report import write_studies
from orchestration.perform_study import StudyRequest, perform_study, prepare_study
from orchestration.planning.load_space import LoadedSpace
from orchestration.planning.load_space import load_space as load_with_plugins
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared
from orchestration.process.redaction import without_credentials
from search_spaces.loading.document import read_document
from search_spaces.loading.packaged import find_space
from search_spaces.schema.schema import SearchSpace


def load_space(
    path_or_name: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    plugins: Sequence[str | os.PathLike[str]] = (),
) -> SearchSpace:
    """Read and check a search space; the files of its plugins are run.

    Args:
        path_or_name: a YAML file, or the name of a packaged space.
        overrides: ``key=value`` with dotted keys, as ``--set`` takes them.
        plugins: Python files that declare methods, besides those that the space names.

    Raises:
        StudyError: with every problem, each with its line.
    """
    return _load(path_or_name, overrides, plugins).space


def run(
    space: SearchSpace | str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "runs",
    executor: Literal["ray", "inline"] = "ray",
    address: str | None = None,
    only: Sequence[str] = (),
    reuse: Sequence[str] = (),
    tracking_uri: str | None = None,
    fresh: bool = False,
    quiet: bool = True,
) -> Study:
    """Run a study to its end, or continue it, and write its report; signal handlers are as before when it returns.

    Args:
        space: loaded, or what :func:`load_space` takes.
        data_dir: folder of data files; None: the environment's DMD_DATA_DIR, if it is set.
        out: folder for study directories.
        executor: ``inline``: one trial at a time in this process, without Ray.
        address: of a running Ray cluster.
        only: run these arms alone.
        reuse: studies whose identical trials are reused.
        tracking_uri: MLflow server or database; None: as the space says.
        fresh: archive an existing study and start a new one.
        quiet: print no progress.

    Raises:
        StudyError: for what the user can correct.
        KeyboardInterrupt: the study was interrupted; the same call continues it.
    """
    request = StudyRequest(
        out=Path(out),
        data_dir=data_directory(data_dir),
        only=tuple(only),
        reuse=tuple(reuse),
        fresh=fresh,
        tracking_uri=tracking_uri,
        address=address,
        executor=executor,
        quiet=quiet,
    )
    return _perform(space, request)


def _perform(space: SearchSpace | str | os.PathLike[str], request: StudyRequest) -> Study:
    loaded = _use(space) if isinstance(space, SearchSpace) else _load(space)
    directory = StudyDirectory(request.out / loaded.space.study)
    with raising_study_errors():
        prepared = prepare_study(loaded, request)
        command = _command(space, prepared)
        performed = perform_study(prepared, directory, request, command=command, space_text=loaded.text)
    if performed.outcome.is_interrupted:
        raise KeyboardInterrupt(f"{directory.path}: interrupted; the same call continues the study")
    return Study(directory.path)


def _load(
    path_or_name: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    plugins: Sequence[str | os.PathLike[str]] = (),
) -> LoadedSpace:
    """As :func:`load_space`, with what else was read."""
    with raising_study_errors():
        document = read_document(find_space(os.fspath(path_or_name)))
        loaded = load_with_plugins(document, tuple(overrides), [Path(plugin) for plugin in plugins])
        # Whoever runs it later may stand in another folder.
        places = tuple(plugin.place for plugin in loaded.plugins)
        return replace(loaded, space=loaded.space.model_copy(update={"plugins": places}))


def _use(space: SearchSpace) -> LoadedSpace:
    """A checked space, after which another one may have been loaded: from now on its plugins are used again."""
    with raising_study_errors():
        files = tuple(read_plugin(Path(plugin)) for plugin in space.plugins)
        use_plugins(files)
        return LoadedSpace(space, arms=(), plugins=files, text="")


def _command(space: SearchSpace | str | os.PathLike[str], prepared: Prepared) -> str:
    """The command that runs the same study; empty for a space that is no file."""
    if isinstance(space, SearchSpace):
        return ""
    data_dir = prepared.data_dir_needed
    named = [] if data_dir is None else ["--data-dir", str(data_dir)]
    return without_credentials(shlex.join(["dmd-search", "--space", os.fspath(space), *named]))


def report(*studies: Study | str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Write one report of one study or several, merged where they may be.

    Args:
        studies: studies, or their directories.
        out: folder for the report; None: the directory of the study, if there is one alone.

    Returns:
        The path of ``report.md``.

    Raises:
        StudyError: for what the user can correct.
    """
    paths = [study.path if isinstance(study, Study) else Path(study) for study in studies]
    with raising_study_errors():
        recorded = [read_directory(path) for path in paths]
        names = "+".join(dict.fromkeys(study.description.study for study in recorded))
        target = paths[0] if len(paths) == 1 else Path(f"{names}-report")
        return write_studies(recorded, target if out is None else Path(out), describe_methods().methods)
