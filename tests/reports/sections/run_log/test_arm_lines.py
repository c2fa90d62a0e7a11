"""What every arm is: its method, preset and settings, whatever else was recorded of it."""

from __future__ import annotations

from dataclasses import replace

from reports.records.declared import DeclaredMethod
from reports.records.serialise import study_from_json, study_to_json
from reports.records.study_description import ArmDescription, StudyDescription
from reports.sections.run_log.text import arm_lines
from tests.reports.example_studies import DECLARED, make_study


def study_of(*arms: ArmDescription) -> StudyDescription:
    study = make_study(("full",))
    declared = {**DECLARED, "recurrent": DeclaredMethod("LSTM")}
    return replace(study, arms=(*study.arms, *arms), declared=declared)


def model(name: str, method: str, **fields: object) -> ArmDescription:
    return ArmDescription(name, name, "model", method, {}, **fields)  # type: ignore[arg-type]


def test_every_arm_has_a_line_with_method_and_preset() -> None:
    study = study_of(
        model("text-lstm", "recurrent", settings={"preset": "text_lstm", "hidden": 128}, overrides={}),
        model("wide", "recurrent", settings={"preset": "text_lstm", "hidden": 256}, overrides={"hidden": 256}),
        model("theirs", "external"),
    )
    study = study_from_json(study_to_json(study))
    assert arm_lines(study, {}) == (
        "`full`: method `dmd` (DMD).",
        "`text-lstm`: method `recurrent` (LSTM), preset `text_lstm`.",
        "`wide`: method `recurrent` (LSTM), preset `text_lstm`; with hidden 256.",
        "`theirs`: predictions of other code.",
    )


def test_what_a_search_chose_is_named_and_no_value_stands_for_it() -> None:
    settings = {"preset": "default", "hidden": 256, "rate": 0.01}
    arm = model("lf", "recurrent", settings=settings, overrides={"hidden": 256, "rate": 0.01})
    assert arm_lines(study_of(arm), {"lf": {"rate"}})[1] == (
        "`lf`: method `recurrent` (LSTM), preset `default`; with hidden 256; tuned: rate."
    )


def test_in_a_study_of_an_earlier_version_an_arm_is_held_against_the_first_of_its_method() -> None:
    first = model("lstm", "recurrent", settings={"preset": "a", "batch_size": 64, "hidden": 128})
    second = model("lstm-16", "recurrent", settings={"preset": "a", "batch_size": 16, "hidden": 128})
    assert arm_lines(study_of(first, second), {})[1:] == (
        "`lstm`: method `recurrent` (LSTM), preset `a`.",
        "`lstm-16`: method `recurrent` (LSTM), preset `a`; other than `lstm`: batch_size 16.",
    )


def test_an_arm_of_the_baseline_is_held_against_it() -> None:
    study = make_study(("full", "no_ca", "control"))
    settings = ({"ca": True, "width": 16}, {"ca": False, "width": 16}, {"ca": True, "width": 16})
    held = zip(study.arms, settings, strict=True)
    arms = tuple(replace(arm, settings=own, overrides={**own, "width": 16}) for arm, own in held)
    assert arm_lines(replace(study, arms=arms), {}) == (
        "`full`: method `dmd` (DMD); with ca yes, width 16.",
        "`no_ca`: method `dmd` (DMD); as `full`, with ca no.",
        "`control` (full (other seeds)): method `dmd` (DMD); as `full`.",
    )
