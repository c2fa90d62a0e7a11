"""``--only ARM``: one row of the tables by itself, with the search it needs: the same trials as in the whole study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import fold_events
from orchestration.planning.make_source import make_source
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.prepared import prepare
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from search_spaces.loading.load import load_text
from search_spaces.terms.trial import Trial
from tests.orchestration.command_line import CONFIRM, SEARCH, SPACE, run, write_space
from tests.orchestration.simulated_trials import asked, drive, record_of, replay

ARM = "no-hetero_gd"


def plan(*only: str, confirm: str = CONFIRM, search: str = SEARCH) -> PlannedStudy:
    return prepare(load_text(SPACE + search + confirm, describe_methods()), None, only=only).planned


@pytest.fixture(scope="module")
def whole() -> PlannedStudy:
    return plan()


def judge(trial: Trial) -> RunRecord:
    """A value that the trial alone decides."""
    return record_of(trial, int(trial.id[:6], 16) / 0xFFFFFF)


def run_through(planned: PlannedStudy) -> list[tuple[str, Trial | RunRecord]]:
    return drive(make_source(planned), judge=judge)


@pytest.mark.parametrize("only", [("full",), (ARM,), (ARM, "none"), ("ridge",)])
def test_a_row_alone_is_the_same_trials_as_in_the_whole_study(whole: PlannedStudy, only: tuple[str, ...]) -> None:
    everything = {trial.id for trial in asked(run_through(whole))}
    alone = asked(run_through(replace(whole, only=frozenset(only))))
    confirmed = [trial for trial in alone if trial.stage == "confirm"]
    assert {trial.id for trial in alone} <= everything
    assert {trial.arm for trial in confirmed} == set(only)
    assert len(confirmed) == len(only) * 3 * 2
    assert len(alone) - len(confirmed) == (0 if only == ("ridge",) else 3 * 2), "a search runs if an arm needs it"


def test_the_rest_of_the_study_goes_on_where_a_row_was_run_alone(whole: PlannedStudy) -> None:
    begun = run_through(replace(whole, only=frozenset({ARM})))
    source = make_source(whole)
    replay(source, begun)
    rest = asked(drive(source, judge=judge))
    ids = [trial.id for trial in (*asked(begun), *rest)]
    assert len(ids) == len(set(ids)), "nothing runs twice"
    assert set(ids) == {trial.id for trial in asked(run_through(whole))}


def test_unknown_arms_are_named_all_at_once() -> None:
    with pytest.raises(UsageError) as error:
        plan("no-heterogd", "ridge", "x")
    assert str(error.value).splitlines() == [
        f"--only: study small has no arm 'no-heterogd'; did you mean '{ARM}'?",
        f"--only: study small has no arm 'x'; known: full, {ARM}, none, ridge",
    ]


def test_a_race_needs_all_of_its_arms() -> None:
    race = "confirm: {seeds: {min: 5, max: 8}, until: decided, smallest_effect: 0.1}\n"
    with pytest.raises(UsageError, match="--only: this study races its seeds"):
        plan(ARM, confirm=race)


@pytest.mark.parametrize(
    ("only", "arms", "num_search", "num_confirm"),
    [
        ((), ["full", ARM, "none", "ridge"], 6, 24),
        (("full",), ["full"], 6, 6),
        ((ARM, "ridge"), [ARM, "ridge"], 6, 12),
        (("ridge",), ["ridge"], 0, 6),
    ],
)
def test_a_dry_run_counts_what_would_run(
    only: tuple[str, ...], arms: list[str], num_search: int, num_confirm: int
) -> None:
    planned = plan(*only)
    told = json.loads(DryRun(planned, estimate_study(planned, Capacity(1))).as_json())
    assert (told["arms"], told["stages"]) == (arms, {"search": num_search, "confirm": num_confirm})
    assert set(told["estimate"]["arm_trial_s"]) == set(arms)
    text = DryRun(planned, estimate_study(planned, Capacity(1))).as_text()
    assert text.startswith("study small: 4 arms," if not only else f"study small: {len(arms)} of 4 arms")
    assert ("(and the search of full)" in text) is (ARM in only)


def test_the_command_runs_one_arm_and_reports_the_others_as_not_run(tmp_path: Path) -> None:
    space, runs = write_space(tmp_path), tmp_path / "runs"
    arguments = ("--space", str(space), "--out", str(runs), "--executor", "inline", "--quiet")
    refused = run("dmd-search", *arguments, "--only", "rigde")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == ["error: --only: study small has no arm 'rigde'; did you mean 'ridge'?"]
    done = run("dmd-search", *arguments, "--only", "ridge")
    assert done.returncode == 0, done.stderr
    events = (event for event, _ in read_events(runs / "small" / LEDGER_FILE))
    assert {record.arm for record in fold_events(events).records()} == {"ridge"}
    report = (runs / "small" / "report.md").read_text()
    (missing,) = (line for line in report.splitlines() if "no confirm run and so no numbers" in line)
    assert "full model" in missing
    assert "ridge" not in missing
    assert "--executor inline --only ridge --out again" in report
