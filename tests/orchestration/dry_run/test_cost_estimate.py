"""What a dry run expects: counted by hand, shorter by what is there already, and true to power analysis."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from orchestration.dry_run.capacity import Capacity, measure_capacity
from orchestration.dry_run.completed_work import CompletedWork, count_completed
from orchestration.dry_run.cost_estimate import EPOCH_S, TRIAL_S, CostRange, Estimate, estimate_study, expected_costs
from orchestration.dry_run.power import detectable_differences, pooled_run_std
from orchestration.dry_run.preview import preview
from orchestration.dry_run.summary import DryRun, gpu_lines
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.machine.cpu_contention import cpu_contention
from orchestration.machine.processors import num_cpus
from orchestration.machine.startup_time import StartUp, measure_start_up
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.prepared import prepare
from orchestration.search.stopping.by_arm import share_of_epochs
from reports.records.run_record import RunRecord
from search_spaces.loading.load import load_text
from search_spaces.schema.schedulers import Scheduler
from search_spaces.schema.schema import Resources
from tests.reports.example_studies import make_record

SPACE = """\
study: costs
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 20, patience: 5}
arms: {models: [ridge]}
search: {parameters: {gamma: {uniform: [0, 1]}}, trials: 6}
confirm: {seeds: 4}
resources: {cpu: 1, max_concurrent: 2}
"""

ROOM = Capacity(2)


def plan(*overrides: str) -> PlannedStudy:
    planned = prepare(load_text(SPACE, describe_methods(), overrides), None).planned
    # A pace that one can calculate with: an epoch takes a second, and nothing takes time beside epochs.
    pace = {"epoch_s": 1.0 - EPOCH_S, "overhead_s": -TRIAL_S}
    return replace(planned, facts={name: replace(held, **pace) for name, held in planned.facts.items()})


@pytest.fixture(scope="module")
def planned() -> PlannedStudy:
    return plan()


def test_costs_by_hand(planned: PlannedStudy) -> None:
    planned = replace(planned, start_up=StartUp(6.0, 4.0))
    ridge = planned.facts["ridge"]
    estimate = estimate_study(planned, ROOM)
    # DMD: 6 + 4 trials of 6 (patience 5, and the best epoch) to 20 epochs; ridge: 4 of all its penalties.
    low, high = 10 * 6 + 4 * min(ridge.max_epochs, ridge.patience + 1), 10 * 20 + 4 * ridge.max_epochs
    ridge_middle = (min(ridge.max_epochs, ridge.patience + 1) + ridge.max_epochs) / 2
    assert estimate.device_s.low == pytest.approx(low)
    assert estimate.device_s.expected == pytest.approx(10 * 13 + 4 * ridge_middle)
    assert estimate.device_s.high == pytest.approx(1.25 * high), "two at a time may be in each other's way"
    tail_s = max(13, ridge_middle) / 4
    assert estimate.wall_s.expected == pytest.approx(estimate.device_s.expected / 2 + 10 + tail_s)
    assert estimate.core_hours.expected == pytest.approx(estimate.device_s.expected / 3600)
    assert (estimate.num_trials, estimate.slots, estimate.gpu_hours) == (14, 2, CostRange(0, 0, 0))


def test_trials_that_have_to_share_are_slower_than_the_one_that_was_timed(
    planned: PlannedStudy,
) -> None:
    planned = replace(planned, start_up=StartUp(6.0, 4.0))
    alone, crowded = (estimate_study(planned, Capacity(2, contention=contention)) for contention in (1.0, 2.0))
    assert crowded.device_s.expected == pytest.approx(2 * alone.device_s.expected)
    # Workers start side by side too; Ray itself starts before them.
    assert (alone.start_s, crowded.start_s) == (pytest.approx(10), pytest.approx(14))


@pytest.mark.alone
def test_crowding_is_tried_out() -> None:
    assert cpu_contention(2, 2) == 1, "nobody to share with"
    # Twice as many threads as this process may use processors have half of one each, or less beside others.
    assert cpu_contention(1, 2 * num_cpus()) > 1.5


def test_what_is_there_shortens_the_estimate_and_corrects_its_epochs(planned: PlannedStudy) -> None:
    whole = estimate_study(planned, ROOM)
    half = estimate_study(
        planned, ROOM, CompletedWork({("dmd", "search"): 6, ("dmd", "confirm"): 2, ("ridge", "confirm"): 4})
    )
    assert half.num_trials == 2
    assert half.device_s.expected < whole.device_s.expected / 5
    short = estimate_study(planned, ROOM, CompletedWork(epochs={("dmd", "search"): 8.0, ("dmd", "confirm"): 8.0}))
    assert short.arm_trial_s["dmd"] == pytest.approx(8.0)
    done = estimate_study(
        planned, ROOM, CompletedWork({("dmd", "search"): 6, ("dmd", "confirm"): 4, ("ridge", "confirm"): 4})
    )
    assert (done.num_trials, done.wall_s) == (0, CostRange(0, 0, 0))


def test_a_race_lies_between_its_fewest_and_most_seeds() -> None:
    race = "confirm={seeds: {min: 5, max: 20}, until: decided, smallest_effect: 0.1}"
    raced, fewest, most = (
        estimate_study(plan(*more), ROOM) for more in ((race,), ("confirm.seeds=5",), ("confirm.seeds=20",))
    )
    assert raced.device_s.low == pytest.approx(fewest.device_s.low)
    assert raced.device_s.high == pytest.approx(most.device_s.high)
    assert fewest.device_s.expected < raced.device_s.expected < most.device_s.expected


@pytest.mark.parametrize("name", ["asha", "hyperband", "median"])
def test_a_stopping_rule_saves_search_and_no_confirm_time(name: str) -> None:
    plain, saving = estimate_study(plan(), ROOM), estimate_study(plan(f"search.scheduler={name}"), ROOM)
    assert saving.device_s.expected < plain.device_s.expected
    assert saving.arm_trial_s == plain.arm_trial_s


def test_shares_of_epochs_by_hand() -> None:
    assert share_of_epochs(Scheduler("none"), 30) == 1
    assert share_of_epochs(Scheduler("median"), 30) == pytest.approx((30 + 3) / 60)
    # Rungs at 3, 9 and 27 of 30 epochs: all run 3, a third 6 more, a ninth 18 more, a 27th the last 3.
    assert share_of_epochs(Scheduler("asha"), 30) == pytest.approx((3 + 6 / 3 + 18 / 9 + 3 / 27) / 30)
    assert share_of_epochs(Scheduler("asha"), 30) < share_of_epochs(Scheduler("hyperband"), 30) < 1
    # Rungs at 2 and 8 of 30 epochs: all run 2, a quarter 6 more, a sixteenth the last 22.
    few = Scheduler("asha", grace=2, reduction=4)
    assert share_of_epochs(few, 30) == pytest.approx((2 + 6 / 4 + 22 / 16) / 30)
    assert share_of_epochs(Scheduler("median", grace=15), 30) == pytest.approx((1 + 0.5) / 2)
    assert share_of_epochs(Scheduler("asha", grace=99), 30) == 1


def test_start_up_is_some_seconds_on_this_machine() -> None:
    start_up = measure_start_up()
    assert 5 <= start_up.ray_s + start_up.workers_s < 36_000


def test_detectable_differences_are_those_of_the_t_test(planned: PlannedStudy) -> None:
    rows = {row.num_seeds: row for row in detectable_differences(planned, estimate_study(planned, ROOM), None)}
    assert set(rows) == {3, 4, 5, 8, 12, 20}
    for number in (5, 20):
        # One contrast, one cell: the noncentral t at that difference must exceed its critical value with 80%.
        center = rows[number].in_deviations / math.sqrt(2 / number)
        critical = stats.t.ppf(0.975, number - 1)
        assert stats.nct.sf(critical, number - 1, center) == pytest.approx(0.8, abs=0.02)
    sizes = [rows[number].in_deviations for number in sorted(rows)]
    walls = [rows[number].wall_s for number in sorted(rows)]
    assert sizes == sorted(sizes, reverse=True)
    assert walls == sorted(walls)
    assert rows[4].wall_s == pytest.approx(estimate_study(planned, ROOM).wall_s.expected, rel=0.2), "the planned number"


def test_the_unit_becomes_the_metric_where_runs_are_known(planned: PlannedStudy) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, (40, 2))
    records = [
        make_record(arm, seed, None, 0.9 + noise[seed, place]) for place, arm in enumerate("ab") for seed in range(40)
    ]
    deviation = pooled_run_std(records, "mae")
    assert deviation == pytest.approx(0.02, rel=0.2)
    assert pooled_run_std(records, "acc7") == pytest.approx(100 * 0.01, rel=0.2), "per cent, as it is shown"
    assert pooled_run_std([], "mae") is None
    row = detectable_differences(planned, estimate_study(planned, ROOM), deviation)[0]
    assert row.in_metric == pytest.approx(row.in_deviations * (deviation or 0))


def test_texts_for_people_and_programs(planned: PlannedStudy) -> None:
    estimate = estimate_study(planned, ROOM)
    differences = detectable_differences(planned, estimate, 0.02)
    told = json.loads(DryRun(planned, estimate, differences).as_json())
    assert (told["study"], told["arms"], told["num_trials"]) == ("costs", ["dmd", "ridge"], 14)
    assert told["stages"] == {"search": 6, "confirm": 8}
    cost = told["estimate"]
    assert cost["wall_s_range"][0] <= cost["wall_s"] <= cost["wall_s_range"][1]
    assert [row["num_seeds"] for row in told["detectable"]] == [3, 4, 5, 8, 12, 20]
    text = DryRun(planned, estimate, differences).as_text()
    assert "trials: 6 search + 8 confirm = 14" in text
    assert "4 seeds: " in text
    assert text.count("<- planned") == 1
    assert "MAE; 8 confirm trials" in text


def test_on_a_cluster_it_says_whose_room_it_counts_and_whose_seconds(planned: PlannedStudy) -> None:
    here, there = (estimate_study(planned, Capacity(6, num_nodes=nodes)) for nodes in (None, 3))
    text = DryRun(planned, there).as_text()
    assert "with 6 trials at a time" in text
    assert "this many fit on the cluster as it is now (nodes that can train: 3)" in text
    assert "the seconds of a trial were measured on this machine, not on theirs" in text
    assert "cluster" not in DryRun(planned, here).as_text()
    told = json.loads(DryRun(planned, there).as_json())["estimate"]
    assert (told["slots"], told["num_nodes"]) == (6, 3)


def test_who_trains_in_one_process_trains_one_at_a_time() -> None:
    assert measure_capacity(Resources(cpu=0.1), "inline", None) == Capacity(1)
    assert measure_capacity(Resources(cpu=0.1, max_concurrent=3), "ray", None).slots == 3


TINY = SPACE.replace("max_epochs: 20, patience: 5", "max_epochs: 2").replace("trials: 6", "trials: 2")


def test_estimate_against_actual_and_a_preview_of_what_is_left(tmp_path: Path) -> None:
    prepared = prepare(load_text(TINY, describe_methods(), ["confirm.seeds=2"]), None)
    study_directory = StudyDirectory(tmp_path / "costs")
    launch(prepared, study_directory, LaunchOptions(executor="inline", is_quiet=True))
    report = rebuild_report(study_directory).path
    text = report.read_text()
    assert "Expected before the start " in text
    assert "of device time (" in text
    before = report.read_bytes()
    more = prepare(load_text(TINY, describe_methods(), ["confirm.seeds=3"]), None)
    told = json.loads(preview(more, study_directory, (), as_json=True))
    assert told["num_trials"] == 2 + 2 * 3
    assert told["estimate"]["num_left"] == 2, "one more seed for each of two arms"
    assert told["detectable"][0]["in_metric"] is not None
    other = json.loads(preview(more, StudyDirectory(tmp_path / "other"), (str(tmp_path),), as_json=True))
    assert (other["estimate"]["num_taken_over"], other["estimate"]["num_left"]) == (6, 2)
    launch(prepared, study_directory, LaunchOptions(executor="inline", is_quiet=True))
    assert rebuild_report(study_directory).path.read_bytes() == before, "a session with nothing to do takes no time"


def test_looking_back_counts_the_arms_that_run(planned: PlannedStudy) -> None:
    def record(arm: str, number: int, **changes: object) -> RunRecord:
        return replace(make_record(arm, number, None, 0.9), **changes)  # type: ignore[arg-type]

    records = [record("dmd", 1), record("dmd", 2, num_epochs=5), record("dmd", 3, status="failed", num_epochs=1)]
    completed = count_completed(planned, records)
    assert completed.done == {("dmd", "confirm"): 3}
    assert completed.epochs == {("dmd", "confirm"): 4.0}, "a failed trial says nothing about epochs"
    assert set(expected_costs(estimate_study(planned, ROOM))) == {"trials"} | {
        f"{name}{end}_s" for name in ("wall", "device") for end in ("", "_low", "_high")
    }


HOURS_ON_GPUS = Estimate(
    wall_s=CostRange(0, 0, 0),
    device_s=CostRange(8 * 3600.0, 16 * 3600.0, 32 * 3600.0),
    gpu_hours=CostRange(0, 0, 0),
    core_hours=CostRange(0, 0, 0),
    num_trials=100,
    num_reused=0,
    num_reopened=0,
    slots=1,
    num_nodes=None,
    start_s=60.0,
    arm_trial_s={"full": 480.0, "ridge": 1.0},
)


def test_a_study_on_gpus_says_how_long_one_and_eight_of_them_take() -> None:
    whole = gpu_lines(HOURS_ON_GPUS, Resources(cpu=2, gpu=1))
    # By hand: 16 h, or 2 h; a minute of start-up; while the slots empty, seven sixteenths of the longest trial.
    assert HOURS_ON_GPUS.wall_with(1).expected == 16 * 3600 + 60
    assert HOURS_ON_GPUS.wall_with(8) == CostRange(3600 + 60, 7200 + 60 + 210, 14400 + 60 + 210)
    assert [line.partition(":")[0] for line in whole] == [
        "with 1 GPU like the one tried (1 trial at a time, 2 CPUs)",
        "with 8 GPUs like the one tried (8 trials at a time, 16 CPUs)",
    ]
    shared = gpu_lines(HOURS_ON_GPUS, Resources(cpu=2, gpu=0.25))
    assert [line.partition(":")[0] for line in shared] == [
        "with 1 GPU like the one tried (4 trials at a time, 8 CPUs)",
        "with 8 GPUs like the one tried (32 trials at a time, 64 CPUs)",
    ]


def test_a_trial_on_more_gpus_than_there_are_and_a_study_on_cpus_have_no_such_line() -> None:
    (line,) = gpu_lines(HOURS_ON_GPUS, Resources(gpu=1, workers=2))
    assert line.startswith("with 8 GPUs like the one tried (4 trials at a time")
    assert gpu_lines(HOURS_ON_GPUS, Resources()) == []
