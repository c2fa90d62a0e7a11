"""The planted question: attention across modalities is all that answers it, and its words say what was planted."""

import hashlib

import numpy as np
import pytest

from dmd.data.formats.planted import draw_latents, planted_bytes, planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec, parse_planted_name
from dmd.data.formats.planted_words import describe_planted
from dmd.errors import DataError
from dmd.metrics.sentiment import pearson

ASKING = PlantedSpec(interaction=0.8, interaction_form="question", num_videos=200, clips_per_video=20, audio_steps=6)
CLIPS = np.repeat(np.arange(200), 20)


def test_the_answer_carries_its_share_and_neither_modality_tells_it_alone() -> None:
    latents = draw_latents(ASKING, CLIPS)
    question = latents.question
    assert question is not None
    score = latents.score / np.sqrt(1 + ASKING.label_noise**2)
    assert pearson(score, question.answer) ** 2 == pytest.approx(0.8 / 1.04, abs=0.02)
    sought = question.marks[np.arange(len(CLIPS)), question.asked]
    for part in (np.cos(sought), np.sin(sought), latents.common, *latents.exclusive.values()):
        assert abs(pearson(part, question.answer)) < 0.05
    # Of T values drawn alike, the mean explains one part in T of any: here of 2 to 6 real ones.
    assert pearson(question.values.mean(axis=1), question.answer) ** 2 == pytest.approx(1 / 6, abs=0.03)


def test_whoever_looks_for_the_mark_that_language_shows_finds_the_answer() -> None:
    question = draw_latents(ASKING, CLIPS).question
    assert question is not None
    language, audio = question.signals("language", 3), question.signals("audio", 6)
    assert np.ptp(language, axis=1).max() == 0, "asked all the time"
    found = np.einsum("nc,ntc->nt", language[:, -1], audio[:, :, :2]).argmax(axis=1)
    assert np.array_equal(found, question.asked)
    assert np.array_equal(audio[np.arange(len(found)), found, 2], question.answer)
    assert not question.signals("vision", 3).any()


def test_what_is_asked_for_is_a_real_moment() -> None:
    spec = PlantedSpec(interaction_form="question", audio_steps=6)
    content = planted_dataset(spec)
    question = draw_latents(spec, np.repeat(np.arange(spec.num_videos), spec.clips_per_video)).question
    assert question is not None
    lengths = {
        str(item): int(length)
        for table in content.values()
        for item, length in zip(table["id"], table["audio_lengths"], strict=True)
    }
    in_order = np.array([lengths[f"syn{video:03d}$_${clip}"] for video in range(30) for clip in range(10)])
    assert (question.asked < in_order).all()
    assert in_order.min() == 1


def test_what_was_planted_before_is_the_same_to_the_byte() -> None:
    """Digests of the bytes that commit 64ce04c makes."""
    digests = {
        "planted": "8f091c061d764db9",
        "planted:seed=3,interaction=0.7,audio_width=33": "6161098dc3fddcee",
        "planted:target=classes": "58b7a225d7091559",
        "planted:target=several,language_width=6": "8501cfadb127fd3f",
    }
    for name, digest in digests.items():
        assert hashlib.sha256(planted_bytes(parse_planted_name(name))).hexdigest().startswith(digest), name


def test_a_form_that_there_is_not_and_one_without_meaning_are_refused() -> None:
    with pytest.raises(DataError, match=r"interaction_form must be one of event, question.*did you mean 'question'"):
        parse_planted_name("planted:interaction_form=questions")
    with pytest.raises(DataError, match="interaction_form=question has no meaning for target=classes"):
        parse_planted_name("planted:interaction_form=question,target=classes")
    with pytest.raises(DataError, match="audio_width must be in 5"):
        parse_planted_name("planted:interaction_form=question,audio_width=4")
    spec = PlantedSpec(interaction_form="question", target="several")
    assert parse_planted_name(spec.name) == spec


def test_the_words_say_what_the_name_declares_and_no_more() -> None:
    question, additive, vision = describe_planted("planted:interaction=0.8,interaction_form=question,vision_noise=100")
    assert question.startswith("80% of the label (by variance, noise aside) is what the audio says at the moment")
    assert additive.startswith("20% is a sum over modalities")
    assert vision == "vision shows its share in 200 times as much noise, so next to nothing can be learned from it"
    (only,) = describe_planted("planted:interaction=0")
    assert only.startswith("100% is a sum")
    assert "a language event" in describe_planted("planted:target=classes,interaction=1")[0]
