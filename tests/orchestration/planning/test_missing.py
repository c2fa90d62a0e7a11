"""``confirm.missing`` from the space to the trial, its record, MLflow and the report's description."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.driver.endings import build_record, ending_of_result
from orchestration.planning.make_source import make_source
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.prepared import Prepared, prepare
from orchestration.planning.study_description import describe_study
from orchestration.tracking.run_content import ending_content
from search_spaces.design.plan import plan_confirm_trials
from search_spaces.loading.load import load_text
from search_spaces.terms.trial import Trial

SPACE = """\
study: missing
data: {{path: "planted:num_videos=6,clips_per_video=3"{data}}}
model: {{name: ridge}}
arms: {{models: [median]}}
contrasts: []
search: {{parameters: {{weakest: {{log_uniform: [1e-5, 1e-3]}}}}, scope: per_arm, trials: 1, searcher: random}}
confirm: {{seeds: 2{confirm}}}
"""
ASKED = ", missing: {rates: [0, 0.5], modalities: [audio]}"


def prepared(confirm: str = "", data: str = "") -> Prepared:
    return prepare(load_text(SPACE.format(confirm=confirm, data=data), describe_methods()), None)


def contexts(planned: PlannedStudy) -> dict[str, str]:
    arm = planned.baseline
    return {"search": planned.context_of(arm, "search"), "confirm": planned.context_of(arm, "confirm")}


def test_only_confirm_trials_that_are_asked_for_more_are_other_trials() -> None:
    plain, asked, other = (
        contexts(prepared(confirm).planned) for confirm in ("", ASKED, ", missing: {modalities: [audio]}")
    )
    assert plain["search"] == plain["confirm"] == asked["search"] == other["search"]
    assert len({plain["confirm"], asked["confirm"], other["confirm"]}) == 3


def test_all_means_all_of_what_the_data_have() -> None:
    planned = prepared(", missing: {modalities: all}", ", modalities: [language, audio]").planned
    assert planned.runner.missing == ("only-language", "only-audio")


def trials_of(planned: PlannedStudy) -> Iterator[Trial]:
    """A search trial and a confirm trial of the baseline."""
    source = make_source(planned)
    searched = source.ask()
    assert isinstance(searched, Trial)
    yield searched
    arm, cell = planned.baseline, planned.cells[0]
    yield from plan_confirm_trials(arm, [{}], planned.seeds[:1], cell, planned.context_of(arm, "confirm"))


def test_confirm_trials_are_scored_under_every_condition_and_no_others_are() -> None:
    study = prepared(ASKED)
    run_trial = study.planned.runner.open()
    for trial in trials_of(study.planned):
        result = run_trial(trial, lambda report: True, None)
        record = build_record("s", trial, ending_of_result(result), {}, 1, "cpu")
        assert tuple(record.test_missing) == (("rate-0.5", "only-audio") if trial.stage == "confirm" else ())
    points = {point.name: point.value for point in ending_content(record, 0).points}
    assert points["test_missing/only-audio/mae"] == record.test_missing["only-audio"]["mae"] != points["test/mae"]


def test_the_report_is_told_what_was_asked_for() -> None:
    for confirm, expected in ((ASKED, ["rate-0.5", "only-audio"]), ("", None)):
        study = prepared(confirm)
        description = describe_study(study.planned, study.dataset, study.fingerprint, "", "2026-11-30T00:00:00+00:00")
        assert description.confirm.get("missing") == expected
