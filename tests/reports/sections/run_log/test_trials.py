"""``trials.csv`` has every trial of a study, of searches and of other code too: what it tried, what it found."""

from __future__ import annotations

import csv
import io
import random
import time
from dataclasses import replace

from reports.analysis import analyse
from reports.output.rendered import render_report
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription
from reports.sections.run_log.trials import trial_table
from tests.reports.example_studies import failed, make_record, make_search_record, make_study


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_trial_is_one_line_with_what_it_tried_and_found() -> None:
    study = make_study(folds=(0,), seeds=(1,))
    theirs = ArmDescription("theirs", "theirs", "model", "external", {})
    study = replace(study, arms=(*study.arms, theirs))
    pruned = make_search_record("full", 0, 0, 0.875, status="pruned", parameters={"gamma": 0.5, "word": "=1+1"})
    confirmed = make_record("full", 1, 0, 0.75, valid={"mae": 0.8125}, reused_from="study earlier")
    lost = failed(make_record("no_ca", 1, 0, 0.9), "diverged in epoch 2")
    external = make_record("theirs", 1, 0, 1.0, model="external", parameters={}, valid={}, num_epochs=0)
    records = [external, lost, confirmed, pruned]
    full, other, no_ca, last = rows_of(render_report(analyse(study, records)).tables["trials.csv"])
    assert [row["trial_id"] for row in (full, other, no_ca, last)] == [
        "full-search-0-0",
        "full-confirm-1-0",
        "no_ca-confirm-1-0",
        "theirs-confirm-1-0",
    ]
    assert (full["stage"], full["status"], full["fold"], full["seed"]) == ("search", "pruned", "0", "0")
    assert (full["valid/mae"], full["test/mae"], full["num_epochs"], full["duration_s"]) == ("0.885", "", "3", "2.5")
    assert (full["parameter/gamma"], full["parameter/word"]) == ("0.5", "'=1+1")
    assert (other["valid/mae"], other["test/mae"], other["reused_from"]) == ("0.8125", "0.75", "study earlier")
    assert (no_ca["status"], no_ca["test/mae"], no_ca["error"]) == ("failed", "", "diverged in epoch 2")
    assert (last["model"], last["test/mae"], last["valid/mae"], last["parameter/gamma"]) == ("external", "1.0", "", "")


def test_confirm_trials_of_a_configuration_that_a_longer_search_replaced_are_marked() -> None:
    study = replace(make_study(folds=(0,), seeds=(1, 2)), search={"scope": "per_arm", "objective": "mae"})
    first = replace(make_search_record("full", 0, 0, 0.9), configuration_id="a")
    second = replace(make_search_record("full", 0, 1, 0.7), configuration_id="b")
    earlier = [replace(make_record("full", seed, 0, 0.5), configuration_id="a", trial_id=f"e{seed}") for seed in (1, 2)]
    now = [replace(make_record("full", seed, 0, 0.8), configuration_id="b") for seed in (1, 2)]
    rows = rows_of(trial_table(study, [first, second, *earlier, *now]).to_csv())
    assert {row["trial_id"]: row["superseded"] for row in rows if row["stage"] == "confirm"} == {
        "e1": "yes",
        "e2": "yes",
        "full-confirm-1-0": "",
        "full-confirm-2-0": "",
    }
    assert {row["superseded"] for row in rows if row["stage"] == "search"} == {""}


def test_on_one_split_there_is_no_fold() -> None:
    study = make_study(folds=(None,), seeds=(1,))
    (row,) = rows_of(trial_table(study, [make_record("full", 1, None, 0.9)]).to_csv())
    assert row["fold"] == ""


def test_the_order_of_records_is_no_matter() -> None:
    study = make_study(seeds=(1, 2), folds=(0, 1))
    records = [make_record(arm, seed, fold, 0.9) for arm in ("full", "no_ca") for seed in (1, 2) for fold in (0, 1)]
    records += [make_search_record("full", fold, number, 0.9) for fold in (0, 1) for number in range(12)]
    shuffled = random.Random(3).sample(records, len(records))
    assert trial_table(study, shuffled) == trial_table(study, records)
    searched = [row for row in rows_of(trial_table(study, records).to_csv()) if row["stage"] == "search"]
    assert [row["number"] for row in searched] == [str(number) for number in [*range(12), *range(12)]]


def test_ten_thousand_trials_take_a_moment() -> None:
    study = make_study()
    example = make_search_record("full", 0, 0, 0.9, parameters={f"p{i}": i / 7 for i in range(8)})
    records: list[RunRecord] = [replace(example, trial_id=f"t{i}", number=i) for i in range(10_000)]
    start = time.process_time()
    text = trial_table(study, records).to_csv()
    assert time.process_time() - start < 5
    assert text.count("\n") == 10_001
