"""Studies from Python: the page's own lines, errors as exceptions, a process that goes on as it was."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pandas as pd
import pytest
import yaml

import dmd_search
from orchestration.ledger.recorded_study import read_directory
from tests.orchestration.command_line import records_in

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
SPACE = """\
study: tiny
data: {path: "planted:num_videos=6,clips_per_video=2"}
model: {name: ridge}
confirm: {seeds: 1}
"""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the names of the page's lines stand for after they were executed."""
    (space,), (code,) = (re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) for language in ("yaml", "python"))
    found: dict[str, object] = {"before": [signal.getsignal(number) for number in SIGNALS]}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        Path("mine.yaml").write_text(space)
        exec(compile(code, "python.md", "exec"), found)
        found["again"] = dmd_search.run("mine.yaml", executor="inline").trials()
        found["after"] = [signal.getsignal(number) for number in SIGNALS]
        found["report"] = Path("mine-report/report.md").read_text()
        found["path"] = Path("runs/mine").absolute()
    return found


def test_the_lines_of_the_page_run_and_give_the_numbers_of_the_ledger(ran: dict[str, object]) -> None:
    trials, results, contrasts = (ran[name] for name in ("trials", "results", "contrasts"))
    assert (
        isinstance(trials, pd.DataFrame) and isinstance(results, pd.DataFrame) and isinstance(contrasts, pd.DataFrame)
    )
    path = ran["path"]
    assert isinstance(path, Path)
    recorded = records_in(path)
    assert dict(zip(trials["trial_id"], trials["test/mae"], strict=True)) == {
        trial_id: record.test["mae"] for trial_id, record in recorded.items() if record.test is not None
    }
    assert len(trials) == 2 * 3 * 3
    mean = trials[trials["arm"] == "ridge"].groupby("fold")["test/mae"].mean().mean()
    shown = results[(results["arm"] == "ridge") & (results["metric"] == "mae")]
    assert shown["value"].item() == pytest.approx(mean)
    (primary,) = contrasts[contrasts["is_primary"]].to_dict("records")
    assert (primary["first"], primary["second"]) == ("lf_lstm", "ridge")
    written = pd.read_csv(path / "tables" / "trials.csv")
    assert dict(zip(written["trial_id"], written["test/mae"], strict=True)) == dict(
        zip(trials["trial_id"], trials["test/mae"], strict=True)
    )
    assert set(written.columns) >= {name for name in trials if not name.startswith(("valid/", "test/"))}
    assert "w/o" not in str(ran["report"]) and "ridge" in str(ran["report"])


def test_predictions_are_a_row_per_item_and_a_column_per_model(ran: dict[str, object]) -> None:
    predictions, best = ran["predictions"], ran["best"]
    assert isinstance(predictions, pd.DataFrame) and isinstance(best, dict)
    models = [f"fold{fold}_seed{seed}" for fold in range(3) for seed in (1, 2, 3)]
    assert list(predictions.columns) == ["id", "split", "seen_by", "mean", *models]
    assert len(predictions) == 6
    assert predictions["mean"].to_numpy() == pytest.approx(predictions[models].mean(axis=1).to_numpy(), abs=1e-6)
    assert best["hidden.language"] == 8


def test_a_process_that_runs_a_study_twice_repeats_nothing_and_keeps_its_signal_handlers(
    ran: dict[str, object],
) -> None:
    first, second = ran["trials"], ran["again"]
    assert isinstance(first, pd.DataFrame) and isinstance(second, pd.DataFrame)
    pd.testing.assert_frame_equal(first, second)
    assert ran["after"] == ran["before"]


def test_a_space_that_is_a_file_stands_beside_the_report_as_it_was_written(tmp_path: Path) -> None:
    """As after the command: with its comments, and without the defaults."""
    text = f"# For chapter 3.\n{SPACE}"
    (tmp_path / "tiny.yaml").write_text(text)
    study = dmd_search.run(tmp_path / "tiny.yaml", out=tmp_path / "runs", executor="inline")
    assert read_directory(study.path).description.space_text == text


def test_a_space_that_was_loaded_names_the_copies_of_its_plugins_and_no_place_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("""\
from dataclasses import replace
from dmd.baselines.lf_lstm import METHOD
METHOD = replace(METHOD, name="own")
""")
    (tmp_path / "tiny.yaml").write_text(f"{SPACE.replace('ridge', 'own, max_epochs: 1')}plugins: [own.py]\n")
    study = dmd_search.run(dmd_search.load_space(tmp_path / "tiny.yaml"), out=tmp_path / "runs", executor="inline")
    (copy,) = (study.path / "plugins").iterdir()
    text = read_directory(study.path).description.space_text
    assert yaml.safe_load(text)["plugins"] == [f"../plugins/{copy.name}"]
    for kept in ("manifest.json", "report.md", "spaces_as_run/tiny.yaml"):
        assert str(tmp_path) not in (study.path / kept).read_text()


def test_what_a_command_would_refuse_is_an_exception_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(dmd_search.StudyError, match="no study here"):
        dmd_search.Study(tmp_path)
    (tmp_path / "wrong.yaml").write_text(SPACE.replace("seeds", "sedes").replace("ridge", "rigde"))
    with pytest.raises(dmd_search.StudyError) as caught:
        dmd_search.load_space(tmp_path / "wrong.yaml")
    assert [line.split(": ")[1] for line in str(caught.value).split("\n")] == ["model.name", "confirm.sedes"]
