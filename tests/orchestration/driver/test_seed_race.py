"""A seed race decides from whole interim analyses alone which arms run on, and no score leaves it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np

from orchestration.driver.seed_race import SeedRace, make_seed_race
from orchestration.search.objective import Objective
from orchestration.search.seed_budget import SeedBudget, SeedDecision
from orchestration.search.study_source import ArmFold, StudySource
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from reports.results.grain import rounding_of
from reports.results.results import ResultsTable
from reports.results.tabulate import tabulate_results
from search_spaces.terms.trial import Cell, Trial
from tests.orchestration.command_line import run, write_space
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.simulated_trials import asked, drive, record_of, replay
from tests.orchestration.toy_runner import make_trial

CELLS = (Cell(0, 0), Cell(0, 1))
SEEDS = tuple(range(100, 120))
LOOKS = (5, 8, 12, 16, 20)
SHIFTS = {"full": 0.0, "clear": 0.5, "nil": 0.0, "alone": 0.0}
ARMS = tuple(SHIFTS)


def study() -> StudyDescription:
    return StudyDescription(
        study="race",
        arms=tuple(ArmDescription(arm, arm, "baseline" if arm == "full" else "ablation", "toy", {}) for arm in ARMS),
        baseline="full",
        contrasts=(Contrast("full", "clear"), Contrast("full", "nil")),
        primary="mae",
        metrics=("mae",),
        planned=tuple(PlannedCell(arm, seed, c.repeat, c.fold) for arm in ARMS for c in CELLS for seed in SEEDS[:5]),
        search={},
        confirm={"seeds": list(SEEDS), "top": 1, "racing": {"looks": list(LOOKS), "smallest_effect": 0.02}},
        data={},
        provenance={},
    )


def confirms(arm: str, cell: Cell, parameters: object) -> list[Trial]:
    return [make_trial(seed, arm, "confirm", cell) for seed in SEEDS]


def make_source(seed_budget: SeedBudget | None = None) -> StudySource:
    arm_folds = [ArmFold(arm, cell) for cell in CELLS for arm in ARMS]
    return StudySource(
        arm_folds, confirms, Objective("mae"), seed_budget=seed_budget or make_seed_race(study(), len(CELLS))
    )


def judge(trial: Trial) -> RunRecord:
    """Scores by arm, seed and cell: noise of 0.02 around the arm's mean."""
    noise = np.random.default_rng([1, ARMS.index(trial.arm), trial.seed, trial.cell.fold or 0]).normal(0, 0.02)
    return replace(record_of(trial), test={"mae": 1.0 + SHIFTS[trial.arm] + float(noise)})


def seeds_of(trials: list[Trial]) -> Counter[tuple[str, str]]:
    return Counter((trial.arm, trial.cell.name) for trial in trials)


class TestRacedSource(SourceContract):
    def make_source(self) -> StudySource:
        return make_source()


def test_arms_get_as_many_seeds_as_their_contrasts_need() -> None:
    given = seeds_of(asked(drive(make_source(), judge=judge)))
    per_arm = {arm: {given[arm, cell.name] for cell in CELLS} for arm in ARMS}
    assert per_arm["alone"] == {5}, "no contrast asks for more"
    assert per_arm["clear"] == {5}, "0.5 is 25 run deviations"
    assert per_arm["nil"] == per_arm["full"]
    (num_nil,) = per_arm["nil"]
    assert 5 < num_nil < 20, "given up at a look; the baseline stops with its last contrast"


def test_the_race_does_not_depend_on_the_order_of_endings() -> None:
    one = seeds_of(asked(drive(make_source(), num_workers=1, judge=judge)))
    for seed in range(3):
        source, running, given, order = make_source(), [], [], random.Random(seed)
        while True:
            while len(running) < 7 and (trial := source.ask()) is not None:
                running.append(trial)
                given.append(trial)
            if not running:
                break
            source.tell(judge(running.pop(order.randrange(len(running)))))
        assert seeds_of(given) == one
        assert source.is_exhausted


def test_an_interrupted_race_goes_on_as_it_would_have() -> None:
    whole = drive(make_source(), num_workers=4, judge=judge)
    for cut in range(0, len(whole), 11):
        restored = make_source()
        replay(restored, whole[:cut])
        following = next((item for kind, item in whole[cut:] if kind == "ask"), None)
        if whole[cut][0] == "ask":
            assert restored.ask() == following


def test_confirm_seeds_are_balanced_over_arms_at_every_moment() -> None:
    given: Counter[tuple[str, str]] = Counter()
    for trial in asked(drive(make_source(), num_workers=3, judge=judge)):
        given[trial.arm, trial.cell.name] += 1
        racing = [given[arm, cell.name] for arm in ("full", "nil") for cell in CELLS]
        assert max(racing) - min(racing) <= 1


def test_what_the_racer_says_are_three_words() -> None:
    """Its whole public surface is ``leave`` and ``tell``; ``leave`` is typed to three literals."""
    assert {name for name in vars(SeedRace) if not name.startswith("_")} == {"decide", "tell"}
    assert get_type_hints(SeedRace.decide)["return"] == SeedDecision
    assert set(get_args(SeedDecision)) == {"continue", "stop", "wait"}
    race = make_seed_race(study(), len(CELLS))
    assert race.decide("full", 4) == "continue"
    assert race.decide("full", 5) == "wait"
    assert race.decide("alone", 5) == "stop"


def test_changed_validation_scores_change_nothing_and_changed_test_scores_do() -> None:
    def with_valid(trial: Trial) -> RunRecord:
        return replace(judge(trial), valid={"mae": 9.0})

    def with_nil_shifted(trial: Trial) -> RunRecord:
        record = judge(trial)
        shift = 0.5 if trial.arm == "nil" else 0.0
        return replace(record, test={"mae": record.test["mae"] + shift if record.test else 0.0})

    base = seeds_of(asked(drive(make_source(), judge=judge)))
    assert seeds_of(asked(drive(make_source(), judge=with_valid))) == base
    assert seeds_of(asked(drive(make_source(), judge=with_nil_shifted))) != base


def test_a_race_through_the_command_line(tmp_path: Path) -> None:
    """Ridge is deterministic and DMD is not: whatever the scores, every arm has 3, 4 or 5 seeds and a decision."""
    space = write_space(tmp_path)
    race = "confirm={seeds: {min: 3, max: 5}, until: decided, smallest_effect: 0.3}"
    overrides = [
        "--set",
        race,
        "--set",
        "model.max_epochs=1",
        "--set",
        "arms={models: [ridge]}",
        "--set",
        "data.folds=",
    ]
    arguments = ["--space", str(space), "--out", str(tmp_path / "runs"), "--executor", "inline", *overrides]
    done = run("dmd-search", *arguments)
    assert done.returncode == 0, done.stderr
    study = tmp_path / "runs" / "small"
    report = (study / "report.md").read_text()
    assert "## Confirmation by racing" in report
    assert "| open " not in report
    ended = Counter(line.split(",")[0] for line in (study / "tables" / "runs.csv").read_text().splitlines()[1:])
    assert ended["dmd"] == ended["ridge"]
    assert ended["dmd"] in (3, 4, 5)
    changed = run("dmd-search", *arguments, "--set", "confirm.seeds={min: 3, max: 9}")
    assert changed.returncode == 2, "looks are planned from the largest number of seeds"
    assert "confirm.seeds was" in changed.stderr


def test_a_look_of_the_driver_sees_the_items_that_the_report_will_see() -> None:
    """Two thirds of the items are neutral and not counted: their labels decide how coarse the score is."""
    counted = replace(study(), primary="acc2_non0", metrics=("acc2_non0",))
    labels = np.repeat([0.0, 0.0, 1.0], 10).astype(np.float32)
    ids = tuple(f"item{row}" for row in range(len(labels)))
    found = Predictions(ids, ids, labels, labels)
    looked_at: list[ResultsTable] = []
    race = make_seed_race(counted, len(CELLS))
    judge_records = race._judge

    def spy(records: Sequence[RunRecord]) -> frozenset[str]:
        looked_at.append(tabulate_results(counted, records))
        return judge_records(records)

    race._judge = spy
    records = [
        replace(record_of(trial), test={"acc2_non0": 0.7}, predictions=found, num_test=len(labels))
        for trial in (make_trial(seed, arm, "confirm", cell) for seed in SEEDS[:5] for arm in ARMS for cell in CELLS)
    ]
    for record in records:
        race.tell(record)
    (table,) = looked_at
    whole = tabulate_results(counted, records)
    for results in (table, whole):
        assert rounding_of(results, "full", "acc2_non0").tolist() == [1 / (12 * 10**2)] * 2
    assert sum(record.predictions is not None for record in table.runs.values()) == len(CELLS)
