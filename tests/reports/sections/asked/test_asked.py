"""The first paragraph says what was asked, from the plan alone, and of generated data how they were planted."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis import analyse
from reports.records.study_description import StudyDescription
from reports.sections.asked.section import AskedSection
from tests.reports.example_studies import EDGES, TABLE3, make_records, make_study

ARMS = (*TABLE3, "ridge")


def asked(study: StudyDescription, mae: float = 0.9) -> str:
    return analyse(study, make_records(study, lambda arm: mae)).section(AskedSection).markdown()


def test_the_question_is_what_the_declared_contrasts_isolate() -> None:
    study = make_study(ARMS, contrasts=EDGES[:2], seeds=(1, 2, 3), folds=(0, 1))
    text = asked(study)
    first, second = (edge.isolates for edge in EDGES[:2])
    assert text.startswith(
        f"**Asked:** what are {first} and {second} worth (2 declared contrasts)? Judged by MAE on the"
    )
    assert "(lower is better), with 3 seeds per arm and 2 folds." in text
    assert f"Data: {study.data_name}, {study.data['num_items']} items in" in text
    assert "\n" not in text, "one paragraph"


def test_it_is_the_same_whatever_came_out() -> None:
    study = make_study(ARMS, contrasts=EDGES)
    assert asked(study, 0.5) == asked(study, 1.5)


def test_without_a_contrast_no_claim_is_promised() -> None:
    assert "No contrast was declared, so no claim is made." in asked(make_study(ARMS, contrasts=()))


def test_generated_data_say_how_they_were_planted() -> None:
    study = make_study(ARMS, contrasts=EDGES)
    assert "planted" not in asked(study).lower()
    planted = ["80% of the label is what the audio says", "vision shows next to nothing"]
    text = asked(replace(study, data={**study.data, "planted": planted}))
    assert (
        "**How the data were planted**, which no model is told: 80% of the label is what the audio says; vision" in text
    )
    assert "Data: generated," in text
