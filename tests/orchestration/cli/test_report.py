"""``dmd-report`` on real studies: a directory, several, an MLflow store alone; and one line where it cannot."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.report import app
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.reuse import find_results
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.process.errors import UsageError
from orchestration.tracking.delivery import RECORD_ARTIFACT
from orchestration.tracking.read_studies import _fetch, read_server
from orchestration.tracking.run_content import study_run_name
from search_spaces.loading.load import load_text
from tests.orchestration.open_sockets import free_port

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

SPACE = """\
study: {study}
data: {{path: "planted:num_videos=9,clips_per_video=6", folds: {{by: video, k: 3}}}}
model: {{name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 2, gd.size_homo: 4}}
arms: {{ablation: {{rows: [{row}]}}}}
confirm: {{seeds: [{seeds}]}}
{more}
"""
ROWS = {"first": "{hetero_gd: false}", "second": "{homo_gd: false}"}


def run(root: Path, study: str, row: str, more: str = "", uri: str | None = None) -> Path:
    space = load_text(SPACE.format(study=study, row=row, seeds="1, 2", more=more), describe_methods())
    study_directory = StudyDirectory(root / study)
    outcome = launch(prepare(space, None), study_directory, LaunchOptions("inline", tracking_uri=uri, is_quiet=True))
    assert (outcome.num_failed, outcome.undelivered) == (0, None)
    rebuild_report(study_directory)
    return study_directory.path


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two sittings of one study: the baseline is in both."""
    root = tmp_path_factory.mktemp("report")
    return {name: run(root, name, row) for name, row in ROWS.items()}


def report(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def files_of(directory: Path) -> dict[str, bytes]:
    """Every file of the report in ``directory``; not those of the study."""
    paths = [directory / "report.md", directory / "report.html"]
    paths += [*(directory / "tables").rglob("*.*"), *(directory / "figures").rglob("*.*")]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


def refusal(*arguments: str | Path) -> list[str]:
    """The lines with which a command is refused: no traceback, exit code 2."""
    done = report(*arguments)
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    lines = [line for line in done.stderr.splitlines() if line]
    assert lines
    assert all(line.startswith("error: ") for line in lines)
    return [line.removeprefix("error: ") for line in lines]


def test_a_directory_gets_its_own_report_again(studies: dict[str, Path]) -> None:
    before = files_of(studies["first"])
    done = report(studies["first"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(studies["first"] / "report.md")
    assert files_of(studies["first"]) == before


def test_from_the_store_alone_comes_the_very_same_report(studies: dict[str, Path], tmp_path: Path) -> None:
    store = f"sqlite:///{studies['first'] / 'mlflow.db'}"
    hidden = studies["first"] / "ledger.jsonl"
    aside = hidden.rename(tmp_path / "ledger.jsonl")
    try:
        done = report("--tracking-uri", store, "--study", "first", "--out", tmp_path / "out")
    finally:
        aside.rename(hidden)
    assert done.exit_code == 0, done.output
    expected = files_of(studies["first"])
    found = files_of(tmp_path / "out")
    assert set(found) == set(expected)
    assert len([name for name in found if name.startswith("figures/") and "edges" in name]) == 4
    assert {name for name in found if found[name] != expected[name]} == set()


def test_where_a_study_ended_is_known_to_its_store_too_until_it_goes_on(tmp_path: Path) -> None:
    for number, (more, words) in enumerate({"limits: {trials: 2}": "trials, 2 of them", "": ""}.items()):
        directory = run(tmp_path, "cut", ROWS["first"], more)
        out = tmp_path / f"out{number}"
        done = report("--tracking-uri", f"sqlite:///{directory / 'mlflow.db'}", "--study", "cut", "--out", out)
        assert done.exit_code == 0, done.output
        assert (f"ended at a limit ({words})" in (out / "report.md").read_text()) == bool(words)
        assert files_of(out) == files_of(directory)


def test_sittings_are_merged_and_the_shared_baseline_counts_once(studies: dict[str, Path], tmp_path: Path) -> None:
    done = report(*studies.values(), "--out", tmp_path)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# first + second\n")
    assert "Merged from 2 studies" in text
    assert "18 of 18 confirm runs completed" in text
    assert "HomoGD (full model - w/o HomoGD)" in text
    assert "HeteroGD (full model - w/o HeteroGD)" in text


def test_a_directory_and_a_store_go_together(studies: dict[str, Path], tmp_path: Path) -> None:
    store = f"sqlite:///{studies['second'] / 'mlflow.db'}"
    report(*studies.values(), "--out", tmp_path / "directories")
    done = report(studies["first"], "--tracking-uri", store, "--study", "second", "--out", tmp_path / "both")
    assert done.exit_code == 0, done.output
    for name in ("ablation", "contrasts", "runs"):
        place = Path("tables", f"{name}.csv")
        assert (tmp_path / "both" / place).read_bytes() == (tmp_path / "directories" / place).read_bytes()


def test_what_cannot_be_merged_stands_side_by_side(studies: dict[str, Path], tmp_path: Path) -> None:
    done = report(*studies.values(), "--side-by-side", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# first | second\n")
    assert "first, second have the same test split: together they have scored 3 configurations on it." in text


def test_without_a_place_the_report_goes_beside_the_user(
    studies: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report(*studies.values()).stdout.strip() == "first+second-report/report.md"
    assert (tmp_path / "first+second-report" / "report.html").exists()


def test_a_server_that_is_away_is_one_line() -> None:
    (line,) = refusal("--tracking-uri", f"http://user:secret@127.0.0.1:{free_port()}", "--study", "first")
    assert line.startswith("MLflow at http://127.0.0.1:")
    assert "does not answer" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("uri", "words"), [("http://[::1", "not an address"), ("sqlite:///{path}", "file is not a database")]
)
def test_what_is_no_store_is_one_line(tmp_path: Path, uri: str, words: str) -> None:
    (tmp_path / "text").write_text("no database at all")
    uri = uri.format(path=tmp_path / "text")
    for ask in (lambda: read_server(uri, ["a"]).__enter__(), lambda: find_results([uri], ["context"])):
        with pytest.raises(UsageError, match=words) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_a_server_cannot_choose_where_its_artifacts_go(tmp_path: Path) -> None:
    class Client:
        def download_artifacts(self, run: str, name: str, place: str) -> str:
            Path(place, name).write_text("{}")
            return str(Path(place, name))

    run = SimpleNamespace(info=SimpleNamespace(run_id="../out", artifact_uri="mlflow-artifacts:/1"))
    with pytest.raises(UsageError, match="no name of a run"):
        _fetch(Client(), run, RECORD_ARTIFACT, tmp_path / "in", is_certain=True)
    assert list(tmp_path.iterdir()) == []


def test_what_a_store_does_not_have_is_said(studies: dict[str, Path], tmp_path: Path) -> None:
    store = f"sqlite:///{studies['first'] / 'mlflow.db'}"
    (line,) = refusal("--tracking-uri", store, "--study", "frist")
    assert line.endswith("has no study 'frist'; it has Default, first")
    absent = tmp_path / "absent.db"
    (line,) = refusal("--tracking-uri", f"sqlite:///{absent}", "--study", "first")
    assert "there is no such database" in line
    assert not absent.exists()


def test_a_store_of_an_earlier_version_or_with_a_broken_record_is_said(
    studies: dict[str, Path], tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    copy = tmp_path / "store"
    shutil.copytree(studies["first"], copy)
    client = MlflowClient(tracking_uri=f"sqlite:///{copy / 'mlflow.db'}")
    (experiment,) = [found for found in client.search_experiments() if found.name == "first"]
    runs = client.search_runs([experiment.experiment_id])
    # Whoever opens the store of a moved study first corrects where its artifacts are.
    artifacts = {
        run.info.run_name: copy / Path(run.info.artifact_uri.removeprefix("file://")).relative_to(studies["first"])
        for run in runs
    }
    whole = study_run_name("first")
    trial = next(name for name in artifacts if name != whole)
    for name, file in ((trial, "record.json"), (whole, "manifest.json")):
        path = artifacts[name] / file
        before = path.read_bytes()
        path.write_text("{}")
        (line,) = refusal("--tracking-uri", f"sqlite:///{copy / 'mlflow.db'}", "--study", "first")
        assert "cannot be read" in line
        path.write_bytes(before)
    (artifacts[whole] / "manifest.json").unlink()
    (line,) = refusal("--tracking-uri", f"sqlite:///{copy / 'mlflow.db'}", "--study", "first")
    assert "no run with a manifest" in line


def test_a_command_that_says_too_little_or_too_much_is_told_so(studies: dict[str, Path], tmp_path: Path) -> None:
    assert refusal() == ["no study: name directories, or a server with --tracking-uri and --study"]
    assert refusal("--tracking-uri", "sqlite:///x.db") == [
        "--tracking-uri needs --study NAME: which study of the server"
    ]
    assert len(refusal("--study", "first", "--merge", "--side-by-side")) == 3
    assert refusal(tmp_path) == [f"{tmp_path}: no study here (manifest.json is missing); run dmd-search first"]
    assert "given more than once" in refusal(studies["first"], studies["first"])[0]
    assert "choose another place with --out" in refusal(*studies.values(), "--out", studies["first"])[0]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # MLflow leaves its connections to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_from_a_server_over_http_comes_the_very_same_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    command = [
        str(Path(sys.executable).parent / "mlflow"),
        "server",
        "--port",
        uri.rpartition(":")[2],
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--artifacts-destination"]
    server = subprocess.Popen([*command, str(tmp_path / "files")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while socket.socket().connect_ex(("127.0.0.1", int(uri.rpartition(":")[2]))) and time.monotonic() < deadline:
            time.sleep(0.5)
        directory = run(tmp_path, "remote", ROWS["first"], uri=uri)
        done = report("--tracking-uri", uri, "--study", "remote", "--out", tmp_path / "out")
        assert done.exit_code == 0, done.output
        assert files_of(tmp_path / "out") == files_of(directory)
        assert capsys.readouterr().out == ""
    finally:
        server.terminate()
        server.wait()
