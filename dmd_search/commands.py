"""What the commands ``dmd-search`` and ``dmd-report`` do, as functions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import read_plugin
from dmd_search.errors import raising_study_errors
from dmd_search.study import Study, data_directory
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.reuse import require_sources
from orchestration.past_studies.write_report import deliver_report, rebuild_report, write_studies
from orchestration.planning.load_space import load_space as load_with_plugins
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, prepare
from orchestration.process.redaction import without_credentials
from orchestration.process.temporary import place_for_sockets
from orchestration.tracking.database import require_driver
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
    with raising_study_errors():
        document = read_document(find_space(os.fspath(path_or_name)))
        loaded = load_with_plugins(document, tuple(overrides), [Path(plugin) for plugin in plugins])
        # Whoever runs it later may stand in another folder.
        return loaded.space.model_copy(update={"plugins": tuple(plugin.place for plugin in loaded.plugins)})


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
    checked = space if isinstance(space, SearchSpace) else load_space(space)
    directory = StudyDirectory(Path(out) / checked.study)
    with raising_study_errors():
        if executor == "ray" and address is None:
            place_for_sockets()
        require_sources(tuple(reuse))
        uri = tracking_uri or checked.tracking.uri
        require_driver(uri)
        files = tuple(read_plugin(Path(plugin)) for plugin in checked.plugins)
        use_plugins(files)
        prepared = prepare(checked, data_directory(data_dir), address, only=tuple(only), plugins=files)
        if fresh:
            directory.archive()
        options = LaunchOptions(
            executor=executor,
            address=address,
            tracking_uri=tracking_uri,
            is_quiet=quiet,
            command=_command(space, prepared),
            reuse=tuple(reuse),
        )
        outcome = launch(prepared, directory, options)
        if outcome.is_interrupted:
            raise KeyboardInterrupt(f"{directory.path}: interrupted; the same call continues the study")
        written = rebuild_report(directory)
        if outcome.undelivered is None:
            deliver_report(directory, written.answer, uri)
    return Study(directory.path)


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
