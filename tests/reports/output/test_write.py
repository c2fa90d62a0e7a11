"""The written report: same records same bytes, whole files, and words instead of tracebacks for thin studies."""

from __future__ import annotations

import csv
import itertools
import random
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from reports.analysis import analyse
from reports.output.forms import report_tables
from reports.output.markdown import render_markdown
from reports.output.write import write_files, write_report
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from tests.reports.example_studies import EDGES, TABLE3, failed, make_record, make_records, make_study

MEANS = dict(zip((*TABLE3, "control", "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93), strict=True))


def whole_study() -> tuple[StudyDescription, list[RunRecord]]:
    study = make_study(tuple(MEANS), contrasts=EDGES)
    return study, make_records(study, MEANS.__getitem__)


def thin_studies() -> dict[str, tuple[StudyDescription, list[RunRecord], str]]:
    study, records = whole_study()
    confirm = [record for record in records if record.stage == "confirm"]
    search = [record for record in records if record.stage == "search"]
    bare = replace(study, search={}, data={}, provenance={}, fixed={}, planned=())
    return {
        "empty": (study, [], "there is nothing to compare"),
        "no plan, nothing recorded": (bare, [], "there is nothing to compare"),
        "no arms": (replace(bare, arms=(), contrasts=()), [], "there is nothing to compare"),
        "search only": (study, search, "there is nothing to compare"),
        "all failed": (study, [failed(record) for record in confirm], "Every run failed"),
        "all failed, no fallback": (
            study,
            [replace(failed(record), fallback_test=None) for record in confirm],
            "missing: no fallback score is known",
        ),
        "one seed": (study, [record for record in confirm if record.seed == 1], "Too few runs to say"),
        "one run": (study, [make_record("full", 1, 0, 0.9)], "has no confirm run"),
        "one fold": (study, [record for record in confirm if record.fold == 0], "one fold only"),
        "arm absent in a fold": (
            study,
            [record for record in confirm if (record.arm, record.fold) != ("no_ca", 2)],
            "no_ca lacks 3 planned runs and covers 4 of 5 folds",
        ),
        "failed search": (study, [failed(record) for record in search] + confirm, "not chosen"),
    }


@pytest.mark.parametrize("name", thin_studies())
def test_a_thin_study_gets_a_report_that_says_so(name: str, tmp_path: Path) -> None:
    study, records, words = thin_studies()[name]
    text = write_report(study, records, tmp_path).read_text()
    assert words in text
    assert not re.search(r"\b(nan|inf|None|undefined)\b", text)


def test_same_records_same_bytes_in_any_order(tmp_path: Path) -> None:
    study, records = whole_study()
    records[3] = failed(records[3])
    write_report(study, records, tmp_path / "a")
    write_report(study, random.Random(5).sample(records, len(records)), tmp_path / "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert {Path("report.md"), Path("tables/contrasts.csv"), Path("tables/attribution.csv")} <= set(files)
    assert {path.parent.name for path in files} == {"", "figures", "tables"}
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_a_report_into_a_folder_of_the_user_s_leaves_the_spaces_kept_there_alone(tmp_path: Path) -> None:
    """Who runs `--space spaces/toy.yaml` may report into the folder that has `spaces/`."""
    own = tmp_path / "spaces" / "toy.yaml"
    own.parent.mkdir()
    own.write_text("mine")
    study, records = whole_study()
    report = write_report(replace(study, space_text="as: run"), records, tmp_path)
    assert own.read_text() == "mine"
    (kept,) = re.findall(r"\[.*?/toy\.yaml\]\((.*?)\)", report.read_text())
    assert (tmp_path / kept).read_text() == "as: run"


def test_files_are_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    study, records = whole_study()
    report = write_report(study, records, tmp_path)
    write_report(study, records[:-5], tmp_path)
    assert report == tmp_path / "report.md"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "report.html", "report.md", "tables"]
    texts = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert b"\r" not in b"".join(path.read_bytes() for path in texts)


KILLED = """
import os, signal, sys
from pathlib import Path
from reports.output.write import write_files

class Killing(dict):
    def values(self):
        yield b"first"
        print("unfinished", flush=True)
        sys.stdin.readline()
        os.kill(os.getpid(), signal.SIGKILL)

write_files(Killing(a="", b=""), Path(sys.argv[1]))
"""


def test_a_killed_writer_leaves_nothing_for_longer_than_the_next_one_and_a_living_one_is_waited_for(
    tmp_path: Path,
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        (unfinished,) = tmp_path.iterdir()
        assert [path.read_bytes() for path in unfinished.iterdir()] == [b"first"]
        next_one = threading.Thread(target=write_files, args=({"report.md": b"whole"}, tmp_path))
        next_one.start()
        next_one.join(0.2)
        assert next_one.is_alive(), "it waits for its turn"
        assert unfinished.is_dir()
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        next_one.join()
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_contradicting_records_leave_the_old_report_alone(tmp_path: Path) -> None:
    study, records = whole_study()
    path = write_report(study, records, tmp_path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="two different records"):
        write_report(study, [*records, replace(records[0], duration_s=9.0)], tmp_path)
    assert path.read_bytes() == before


def test_every_section_is_there_with_both_questions_named() -> None:
    text = render_markdown(analyse(*whole_study()))
    sections = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert sections == [
        "Main table",
        "Forest plot",
        "Before you believe it",
        "Ablation",
        "Contrasts",
        "What this study can detect",
        "Attribution",
        "Methods",
        "Published beside measured",
        "Training",
        "Hyperparameters",
        "Budget",
        "What was run",
        "Cost",
        "Arms as built",
        "Provenance",
        "Run it again",
        "Left out",
    ]
    for heading in [line for line in text.splitlines() if line.startswith("|") and "95%" in line]:
        assert "rerun 95%" in heading
        # From validation to test only one question can be answered: a fold's difficulty does not cancel within it.
        assert "new data 95%" in heading or "valid MAE" in heading
    assert "dmd-search --space toy" in text


def test_published_numbers_stand_beside_measured_ones_and_are_marked() -> None:
    text = render_markdown(analyse(*whole_study()))
    section = text[text.index("### Table 3.") :]
    line = next(line for line in section.splitlines() if line.startswith("| 3 "))
    heading = next(line for line in section.splitlines() if "ACC7 published" in line)
    cells = dict(zip(*([cell.strip() for cell in row.split("|")] for row in (heading, line)), strict=True))
    assert (cells["ACC7 published"], cells["F1 published"]) == ("37.5", "80.6")
    assert re.fullmatch(r"32\.\d+ \(± [\d.]+, ± [\d.]+\)", cells["ACC7 measured"])
    assert (cells["CA"], cells["FD"], cells["runs"]) == ("×", "✓", "15")  # noqa: RUF001
    assert "nothing is ranked across" in text


def test_tables_line_up_and_stay_within_a_wide_terminal() -> None:
    lines = render_markdown(analyse(*whole_study())).splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) > 40
    assert max(map(len, tables)) <= 150
    for one, other in itertools.pairwise(lines):
        if one.startswith("|") and other.startswith("|"):
            assert len(one) == len(other)


def test_alternative_texts_do_not_bury_the_report_in_a_terminal_and_are_whole_in_the_page(tmp_path: Path) -> None:
    study, records = whole_study()
    text = write_report(study, records, tmp_path).read_text()
    images = re.findall(r"^!\[(.*)\]\(figures/[\w-]+\.svg\)$", text, flags=re.MULTILINE)
    assert len(images) >= 4
    assert max(map(len, images)) < 450
    (forest,) = [image for image in images if image.startswith("Forest plot")]
    assert forest.endswith("; and so on")
    page = (tmp_path / "report.html").read_text()
    assert all(f"{edge.isolates} " in page[page.index("<desc") : page.index("</desc>")] for edge in EDGES)


def test_csv_holds_full_precision_and_every_run_with_its_trial() -> None:
    study, records = whole_study()
    report = analyse(study, records)
    tables = {table.name: list(csv.DictReader(table.to_csv().splitlines())) for table in report_tables(report)}
    runs = {row["trial_id"]: row for row in tables["runs"]}
    confirm = [record for record in records if record.stage == "confirm"]
    assert len(runs) == len(tables["runs"]) == len(confirm)
    for record in confirm:
        assert record.test is not None
        assert float(runs[record.trial_id]["mae"]) == record.test["mae"]
        assert float(runs[record.trial_id]["acc7"]) == pytest.approx(100 * record.test["acc7"])
    primary = [row for row in tables["contrasts"] if row["is_primary"] == "true"]
    assert len(primary) == len(EDGES)
    assert all(row["p_both_holm"] for row in primary)
    others = [row for row in tables["contrasts"] if row["is_primary"] == "false"]
    assert others
    assert not any(row["p_both_holm"] or row["verdict"] for row in others)


def test_every_arm_says_how_it_differs_from_the_baseline() -> None:
    study, records = whole_study()
    proof = {"num_parameters": 506_922, "differs_from_baseline": "without modules crossmodal_attention"}
    arms = tuple(replace(arm, facts=proof) if arm.name == "no_ca" else arm for arm in study.arms)
    text = render_markdown(analyse(replace(study, arms=arms), records))
    tuned = "method `dmd` (DMD); tuned: gamma"
    assert f"`no_ca`: {tuned}; 506922 parameters; without modules crossmodal_attention." in text
    assert f"`fd_only`: {tuned}.\n" in text
    assert text.count(" parameters; ") == 1


def test_a_study_that_ended_at_a_limit_says_so_first(tmp_path: Path) -> None:
    study, records = whole_study()
    text = write_report(replace(study, ended_by="trials, 40 of them"), records[:-5], tmp_path).read_text()
    first = text.split("## Before you believe it")[1].strip().splitlines()[0]
    assert first.startswith("- The study ended at a limit (trials, 40 of them): ")
