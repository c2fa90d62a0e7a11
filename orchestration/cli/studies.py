"""``dmd-search list``, ``status`` and ``open``: the studies of a folder, read beside whoever works on them."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from orchestration.cli import options
from orchestration.cli.completion import complete_studies
from orchestration.cli.exit_codes import COMPLETED, CRASHED, bad_input_exits, harmless, print_error

if TYPE_CHECKING:
    from orchestration.ledger.study_status import StudyStatus
    from orchestration.tracking.ui_server import UiServer

Study = Annotated[
    str | None,
    typer.Argument(
        metavar="STUDY",
        help="Its name, or its directory. Default: what runs, else the latest.",
        autocompletion=complete_studies,
    ),
]


def list_studies(out: options.Out = Path("runs"), as_json: options.AsJson = False) -> None:
    """List the studies of a folder: state, trials, when, and the answer or the best value so far."""
    with bad_input_exits():
        from orchestration.cli.study_lines import as_dict, study_table
        from orchestration.ledger.study_status import read_status

        found = [read_status(path, always_finds_best=False) for path in _studies_in(out)]
        found.sort(key=lambda study: -(study.progress.last_ms or 0))
        if as_json:
            _print_json({"studies": [as_dict(study, _now_ms()) for study in found]})
        elif found:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
            _print(study_table(found, _now_ms(), width))
        else:
            print(f"no study in {out}", file=sys.stderr)
    raise typer.Exit(COMPLETED)


def show_status(study: Study = None, out: options.Out = Path("runs"), as_json: options.AsJson = False) -> None:
    """Show how far a study is: who runs it, its trials, the best so far, the time left."""
    with bad_input_exits():
        from orchestration.cli.study_lines import as_dict, status_lines

        found = _find(study, out)
        if as_json:
            several = [as_dict(each, _now_ms()) for each in found]
            _print_json(several[0] if study is not None else {"studies": several})
        else:
            _print("\n\n".join("\n".join(status_lines(each, _now_ms())) for each in found).splitlines())
    raise typer.Exit(COMPLETED)


def show_places(study: Study = None, out: options.Out = Path("runs"), as_json: options.AsJson = False) -> None:
    """Print where the report lies, and how to open the list of the study's runs in MLflow."""
    with bad_input_exits():
        from orchestration.cli.study_lines import place_lines, places_as_dict
        from orchestration.tracking.run_list import find_run_list

        first = _find(study, out)[0]
        runs = find_run_list(first.directory)
        if as_json:
            _print_json(places_as_dict(first, runs))
        else:
            _print(place_lines(first, runs))
    raise typer.Exit(COMPLETED)


Port = Annotated[
    int | None, typer.Option(metavar="PORT", help="Port of this machine. Default: the first free one from 5000 on.")
]


def serve_mlflow(study: Study = None, out: options.Out = Path("runs"), port: Port = None) -> None:
    """Start MLflow's UI on a study, on this machine alone, and print the address of its runs; Ctrl-C ends it."""
    with bad_input_exits():
        from orchestration.process.errors import UsageError
        from orchestration.tracking.run_list import find_run_list
        from orchestration.tracking.sqlite_store import STORE_FILE, follow_move
        from orchestration.tracking.ui_server import find_port, ui_server

        directory = _find(study, out)[0].directory
        chosen = find_port(port)
        runs = find_run_list(directory, chosen)
        if runs is None:
            raise UsageError(f"{directory}: nothing is tracked yet; MLflow has it once the study has begun")
        if not (directory / STORE_FILE).is_file():
            raise UsageError(f"{directory}: it is tracked on a server, open it there: {runs.address}")
        if note := follow_move(directory):
            print(harmless(note), file=sys.stderr)
        _serve(ui_server(directory, chosen), chosen, runs.address)


def _serve(ui: UiServer, port: int, address: str) -> NoReturn:
    """Print the address once somebody answers there, and stay until the server or this program is ended."""
    from orchestration.process.errors import UsageError
    from orchestration.process.server import ServerEnded, running_server
    from orchestration.process.signals import set_stop_message
    from orchestration.tracking.run_list import LOCAL_HOST

    set_stop_message("MLflow has ended")
    print("starting MLflow, which takes some seconds", file=sys.stderr)
    try:
        with running_server(ui.command, ui.directory, ui.environment, show=_print_line_of_server) as server:
            server.wait_until_it_answers(LOCAL_HOST, port)
            _print([f"its runs, until Ctrl-C: {address}"])
            sys.stdout.flush()
            server.wait_until_it_ends()
    except ServerEnded as ended:
        if not ended.has_answered:
            raise UsageError(f"MLflow {ended}") from None
        for line in f"MLflow {ended}".splitlines():
            print_error(line)
        raise typer.Exit(CRASHED) from None


def _print_line_of_server(line: str) -> None:
    print(harmless(line), file=sys.stderr)


def _find(study: str | None, out: Path) -> list[StudyStatus]:
    """The study of that name; without one those that run, else the latest. Raises UsageError where there is none."""
    from orchestration.ledger.study_status import is_study, read_status
    from orchestration.process.errors import UsageError
    from search_spaces.terms.problems import suggest

    if study is not None:
        for path in (out / study, Path(study)):
            if is_study(path):
                return [read_status(path)]
        names = [path.name for path in _studies_in(out)] if out.is_dir() else []
        raise UsageError(f"{study}: no study of this name in {out}; {suggest(study, names)}")
    found = [read_status(path, always_finds_best=False) for path in _studies_in(out)]
    if not found:
        raise UsageError(f"{out}: no study here; name another folder with --out, or begin one: dmd-search --space NAME")
    running = [each for each in found if each.state == "running"]
    latest = max(found, key=lambda each: each.progress.last_ms or 0)
    return [read_status(each.directory) for each in running or [latest]]


def _studies_in(out: Path) -> list[Path]:
    from orchestration.ledger.study_status import find_studies
    from orchestration.process.errors import UsageError

    try:
        return list(find_studies(out))
    except OSError as error:
        raise UsageError(f"{out}: cannot be read ({error.strerror}); name the folder of studies with --out") from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _print(lines: list[str]) -> None:
    # Names, errors and answers come out of files.
    print("\n".join(harmless(line) for line in lines))


def _print_json(content: object) -> None:
    print(json.dumps(content))
