"""A finished study grows by the same command: additions run, what has run stays, what would change it is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from search_spaces.loading.load import load
from tests.orchestration.command_line import records_in, results_in
from tests.orchestration.extension.growing_study import SPACE, command_of, foresee, plan, sit


def searched(study: Path) -> dict[str, Mapping[str, object]]:
    return {r.trial_id: dict(r.parameters) for r in records_in(study).values() if r.stage == "search"}


def confirmed(study: Path) -> list[RunRecord]:
    return [record for record in records_in(study).values() if record.stage == "confirm"]


def extensions(study: Path) -> list[tuple[str, ...]]:
    return [extension.added for extension in read_directory(study).description.extensions]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two search trials and a confirm trial; its tests work on copies."""
    return sit(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    shutil.copytree(begun, tmp_path / "grow")
    return tmp_path


@pytest.fixture(scope="module")
def grown(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The study extended to 6 search trials and 2 seeds, and the same in one go."""
    two, one = tmp_path_factory.mktemp("two"), tmp_path_factory.mktemp("one")
    shutil.copytree(begun, two / "grow")
    studies = tuple(sit(place, "search.trials=6", "confirm.seeds=2") for place in (two, one))
    for study in studies:
        rebuild_report(StudyDirectory(study))
    return studies[0], studies[1]


def test_two_sittings_give_the_trials_and_the_estimates_of_one(grown: tuple[Path, Path]) -> None:
    two, one = grown
    assert len(searched(one)) == 6
    assert searched(two) == searched(one)
    assert results_in(one).items() <= results_in(two).items()
    tables = [(study / "tables" / "ablation.csv").read_text() for study in grown]
    assert tables[0] == tables[1]


def test_an_earlier_choice_counts_as_a_use_of_the_test_part_and_enters_no_estimate(grown: tuple[Path, Path]) -> None:
    two, one = grown
    values = [record.valid["mae"] for record in records_in(two).values() if record.stage == "search"]
    assert min(values) < min(values[:2]), "the longer search found a better configuration"
    assert len({record.configuration_id for record in confirmed(two)}) == 2
    assert (len(confirmed(two)), len(confirmed(one))) == (3, 2)
    assert "this study scored at most 2 configurations" in (two / "report.md").read_text()
    assert "Confirm runs of configurations that the longer search replaced: 1." in (two / "report.md").read_text()
    shown = {row.split(",")[4] for row in (two / "tables" / "runs.csv").read_text().splitlines()[1:]}
    assert shown == {record.trial_id for record in confirmed(one)}


def test_the_report_says_when_and_by_what_the_study_grew(grown: tuple[Path, Path]) -> None:
    two, one = ((study / "report.md").read_text() for study in grown)
    added = "+ confirm seed 2; search.trials was 2, is 6"
    (extended,) = (line for line in two.splitlines() if line.startswith("- Extended on "))
    assert extended.endswith(f", when 3 trials had ended, 1 of them scored on test: {added}.")
    again = two[two.index("Run it again") :].splitlines()
    first, second = (number for number, line in enumerate(again) if line.startswith("# "))
    assert again[first].endswith(": began the study (spaces_as_run/grow-sitting-1.yaml)")
    assert again[first + 1] == command_of()
    assert again[second].endswith(f": {added} (spaces_as_run/grow.yaml)")
    assert again[second + 1] == command_of("search.trials=6", "confirm.seeds=2")
    assert f"{command_of('search.trials=6', 'confirm.seeds=2')} --only ridge --out again" in again
    assert "The study was extended when results on the test part were known" in two
    assert "xtended" not in one


def test_the_space_of_every_sitting_stands_beside_the_report_and_runs_it(grown: tuple[Path, Path]) -> None:
    two, one = grown
    text = (two / "report.md").read_text()
    for name in ("grow", "grow-sitting-1"):
        assert f"[spaces_as_run/{name}.yaml](spaces_as_run/{name}.yaml)" in text
    assert 'href="spaces_as_run/grow.yaml"' in (two / "report.html").read_text()
    assert (two / "spaces_as_run" / "grow-sitting-1.yaml").read_text() == SPACE
    assert [path.name for path in (one / "spaces_as_run").iterdir()] == ["grow.yaml"]
    kept = load(two / "spaces_as_run" / "grow.yaml", describe_methods())
    assert kept == plan("search.trials=6", "confirm.seeds=2").planned.space


def test_a_command_that_ran_two_versions_of_its_file_is_listed_once(out: Path) -> None:
    study = sit(out, space=SPACE.replace("trials: 2", "trials: 3"))
    report = rebuild_report(StudyDirectory(study)).path.read_text()
    assert report.splitlines().count(command_of()) == 1
    assert (study / "spaces_as_run" / "grow-sitting-1.yaml").read_text() == SPACE
    assert "trials: 3" in (study / "spaces_as_run" / "grow.yaml").read_text()


def test_what_is_added_is_told_before_and_kept_in_the_manifest(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("search.trials=4", "confirm.seeds=2", "arms.models=[median]")
    dry = foresee(out, *more)
    before = results_in(out / "grow")
    study = sit(out, *more)
    told = [line for line in capsys.readouterr().err.splitlines() if line]
    assert told[0] == "extends study grow (3 trials ended so far, 1 scored on test):"
    assert set(told) <= set(dry.splitlines())
    added = ("+ arm median", "+ confirm seed 2", "+ contrast ridge - median", "search.trials was 2, is 4")
    assert extensions(study) == [added]
    assert [line.strip() for line in told[1:5]] == list(added)
    assert before.items() <= results_in(study).items(), "what has run stays"
    assert "trials: 4 search + 4 confirm = 8; 5 to 6 left to run" in dry
    told_to_programs = json.loads(foresee(out, *more, "confirm.seeds=3", as_json=True))
    assert told_to_programs["extension"]["added"] == ["+ confirm seed 3"]
    assert sit(out, *more) == study
    assert extensions(study) == [added], "the same plan again adds nothing"


def test_a_wider_range_counts_the_trials_of_the_narrower_one(out: Path) -> None:
    wider = ("search.parameters.weakest={log_uniform: [0.0001, 0.1]}", "search.trials=4")
    assert "of the ranges before (weakest)" in foresee(out, *wider)
    before = searched(out / "grow")
    study = sit(out, *wider)
    assert before.items() <= searched(study).items()
    assert len(searched(study)) == 4


def test_a_parameter_that_is_searched_from_now_on_was_tried_at_its_fixed_value(out: Path) -> None:
    study = sit(
        out, "search.parameters.strongest={log_uniform: [50, 200]}", "search.trials=5", "search.searcher=random"
    )
    assert [sorted(values) for values in searched(study).values()] == [["weakest"]] * 2 + [["strongest", "weakest"]] * 3
    with pytest.raises(UsageError, match=r"strongest is log-uniform in \[200, 300\] now, and 5 of 5 search trials"):
        foresee(out, "search.parameters.strongest={log_uniform: [200, 300]}", "search.trials=5")


REFUSED = {
    "seed": (["seed=7"], ["seed was 0, is 7"]),
    "meaning": (
        ["primary=test/corr", "search.searcher=tpe"],
        ['primary was "test/mae", is "test/corr"', 'search.searcher was "random", is "tpe"'],
    ),
    "settings": (["model.strongest=50"], ["strongest was 100.0, is 50.0 in ridge (3 trials)"]),
    "narrower": (
        ["search.parameters.weakest={log_uniform: [0.00001, 0.0001]}"],
        ["weakest is log-uniform in [1e-05, 0.0001] now, and 2 of 2 search trials of arm ridge had another value"],
    ),
    "fewer": (["search.trials=1"], ["search.trials was 2, is 1, and 2 were tried"]),
    "unsearched": (["search.scope=none"], ["arm ridge is searched no longer, and has 2 search trials"]),
    "gone": (["model.name=mult"], ["arm ridge is gone, which has 3 trials (--only ARM runs one arm alone)"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_trials_is_refused_with_the_command_that_reuses_the_rest(out: Path, name: str) -> None:
    changes, reasons = REFUSED[name]
    space = SPACE.replace("{name: ridge}", "{name: mult, max_epochs: 1}").replace("weakest", "learning_rate")
    given = ([], space) if name == "gone" else (changes, SPACE)
    with pytest.raises(UsageError) as refusal:
        foresee(out, *given[0], space=given[1])
    (line,) = str(refusal.value).splitlines()
    assert all(reason in line for reason in reasons), line
    assert line.endswith(f": {command_of(*given[0])} --set study=grow-2 --reuse {out / 'grow'}")
    assert extensions(out / "grow") == []


def test_where_no_trial_stays_the_same_nothing_is_said_of_reusing_it(out: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        foresee(out, "data.folds={by: video, k: 3}", "seed=7")
    (line,) = str(refusal.value).splitlines()
    assert "data.folds was absent, is" in line
    assert "seed was 0, is 7" in line
    assert "--reuse" not in line
    assert "--fresh" in line


def test_a_study_of_another_version_says_so_alone_and_nothing_of_it_changes(out: Path) -> None:
    """Settings that one of the two versions does not have would be listed as changes of the user's."""
    study = out / "grow"
    manifest = study / "manifest.json"
    content = json.loads(manifest.read_text())
    content["deciding"]["code"] = "cc4f38c4c389"
    for arm in content["description"]["arms"]:
        del arm["settings"]["weakest"]
    manifest.write_text(json.dumps(content))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (manifest, study / "ledger.jsonl")}
    for attempt in (foresee, sit):
        with pytest.raises(UsageError) as refusal:
            attempt(out, "search.trials=4")
        (line,) = str(refusal.value).splitlines()
        assert (
            "another version of this program began this study and gives other numbers (code was 'cc4f38c4c389'" in line
        )
        assert "--fresh (the old one is kept)" in line
        assert "weakest" not in line
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_a_narrower_range_that_holds_every_trial_is_no_change_of_them(out: Path) -> None:
    values = [float(str(parameters["weakest"])) for parameters in searched(out / "grow").values()]
    narrower = f"search.parameters.weakest={{log_uniform: [{0.9 * min(values)}, {1.1 * max(values)}]}}"
    assert len(searched(sit(out, narrower, "search.trials=3"))) == 3


def test_arms_of_which_nothing_has_run_may_go_and_contrasts_that_were_tested_may_not(out: Path) -> None:
    with_median = ("arms.models=[median]", "contrasts=[[ridge, median]]")
    sit(out, *with_median, only=("ridge",))
    study = sit(out)
    assert extensions(study) == [
        ("+ arm median", "+ contrast ridge - median"),
        ("- arm median", "- contrast ridge - median"),
    ]
    sit(out, *with_median)
    with pytest.raises(UsageError, match="no longer declared, though both arms were scored on test: ridge - median"):
        foresee(out, "arms.models=[median]", "arms.controls=true", "contrasts=[[ridge, control]]")


def test_one_arm_alone_makes_budgets_unequal_and_says_so(out: Path) -> None:
    two = ("arms.models=[{name: ridge, arm: firm, strongest: 50}]",)
    sit(out, *two)
    longer = (*two, "search.trials=4")
    assert "in trials per search: ridge 2, firm 4; more trials find a better best" in foresee(
        out, *longer, only=("firm",)
    )
    assert "budgets become unequal" not in foresee(out, *longer)
    study = sit(out, *longer, only=("firm",))
    report = rebuild_report(StudyDirectory(study)).path.read_text()
    assert "Unequal tuning budgets (search trials per cell): ridge 2, firm 4." in report


def test_killed_between_the_manifest_and_the_first_trial(out: Path) -> None:
    """The manifest of the extended study is there, its trials are not: the same command runs them and adds nothing."""
    directory = StudyDirectory(out / "grow")
    ledger = directory.path / "ledger.jsonl"
    begun = ledger.read_bytes()
    sit(out, "search.trials=4")
    extended, whole = directory.read_manifest(), results_in(directory.path)
    ledger.write_bytes(begun)
    sit(out, "search.trials=4")
    assert directory.read_manifest() == extended
    assert results_in(directory.path) == whole


def test_extended_while_a_session_was_cut_off(out: Path) -> None:
    """The confirm trial of the first plan had begun: it ends as it is, and what is added follows."""
    ledger = out / "grow" / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if b'"kind":"attempt"' in line)
    whole = results_in(out / "grow")
    ledger.write_bytes(b"".join(lines[: last + 1]))
    assert len(results_in(out / "grow")) == 2
    study = sit(out, "search.trials=4")
    assert whole.items() <= results_in(study).items()
    assert len(searched(study)) == 4
