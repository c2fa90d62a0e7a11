"""Planted classes, questions and several numbers: shares, ceilings and what hides from additive models, by hand."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.load import load_dataset, open_dataset
from dmd.data.formats.planted import ceiling_accuracy, draw_latents, planted_bytes, planted_dataset
from dmd.data.formats.planted_classes import class_shares, draw_classes
from dmd.data.formats.planted_spec import PlantedSpec, parse_planted_name
from dmd.data.samples.target import Target, TargetKind
from dmd.errors import DataError
from dmd.job import FoldRef
from dmd.metrics.sentiment import pearson

CLIPS = np.repeat(np.arange(400), 50)


def spec_of(**fields: float) -> PlantedSpec:
    """20,000 clips in classes: shares and accuracies are within 0.01 of their expectation."""
    return PlantedSpec(num_videos=400, clips_per_video=50, target="classes", **fields)  # type: ignore[arg-type]


def shares_of(spec: PlantedSpec) -> np.ndarray:
    classes = draw_classes(spec, draw_latents(spec, CLIPS))
    return np.bincount(classes, minlength=spec.num_classes) / len(classes)


def test_regression_is_what_it_was_before_there_were_classes() -> None:
    content = planted_dataset(PlantedSpec())
    assert set(content) == {"train", "valid", "test"}
    labels = b"".join(table["regression_labels"].tobytes() for table in content.values())
    assert hashlib.sha256(labels).hexdigest() == "a60621d6420dcbb82b207d8f0bb66dbd2a21d0fd6a83d749c1ee185859d2027e"


@pytest.mark.parametrize("interaction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("num_classes", [2, 3, 4, 7])
def test_classes_are_equally_frequent_unless_told_otherwise(num_classes: int, interaction: float) -> None:
    assert shares_of(spec_of(num_classes=num_classes, interaction=interaction)) == pytest.approx(
        np.full(num_classes, 1 / num_classes), abs=0.02
    )


@pytest.mark.parametrize("interaction", [0.0, 1.0])
def test_imbalance_is_how_often_the_first_class_occurs_per_occurrence_of_the_last(interaction: float) -> None:
    # 8, 4, 2, 1 of 15: each class half as frequent as the one before.
    expected = np.array([8, 4, 2, 1]) / 15
    spec = spec_of(imbalance=8.0, interaction=interaction)
    assert class_shares(spec) == pytest.approx(expected)
    assert shares_of(spec) == pytest.approx(expected, abs=0.015)


def test_without_noise_the_latent_variables_tell_every_class() -> None:
    assert ceiling_accuracy(spec_of(interaction=1.0, label_noise=0.0)) == 1.0
    assert ceiling_accuracy(spec_of(interaction=0.0, label_noise=0.0)) == 1.0


def test_the_ceiling_is_what_noise_leaves() -> None:
    noise = 0.5
    # Signs of a and a + noise e agree with probability 1 - arctan(noise)/pi; at full interaction a is -1 or 1.
    additive = 1 - math.atan(noise) / math.pi
    interacting = 0.5 * (1 + math.erf(1 / (noise * math.sqrt(2))))
    # Two pairs score d and -d, each with its own noise: d against noise of size noise / sqrt(2).
    pair = 1 - math.atan(noise / math.sqrt(2)) / math.pi
    two = spec_of(num_classes=2, label_noise=noise, interaction=0.0, video_effect=0.0)
    assert ceiling_accuracy(two) == pytest.approx(additive, abs=0.01)
    assert ceiling_accuracy(spec_of(label_noise=noise, interaction=0.0, video_effect=0.0)) == pytest.approx(
        additive * pair, abs=0.01
    )
    assert ceiling_accuracy(spec_of(label_noise=noise, interaction=1.0)) == pytest.approx(interacting * pair, abs=0.01)


def test_without_the_interaction_one_of_two_is_guessed_at_full_strength_and_nothing_is_lost_at_none() -> None:
    full, none = spec_of(interaction=1.0, label_noise=0.0), spec_of(interaction=0.0)
    assert ceiling_accuracy(full, knows_interaction=False) == pytest.approx(0.5, abs=0.01)
    assert ceiling_accuracy(none, knows_interaction=False) == ceiling_accuracy(none)
    # At 8:1 among two classes, always the frequent one: 8 of 9.
    lean = spec_of(num_classes=2, imbalance=8.0, interaction=1.0, label_noise=0.0)
    assert ceiling_accuracy(lean, knows_interaction=False) == pytest.approx(8 / 9, abs=0.01)


def test_no_single_modality_tells_which_of_a_pair_also_where_classes_are_unequal() -> None:
    spec = spec_of(interaction=1.0, label_noise=0.0, imbalance=8.0)
    latents = draw_latents(spec, CLIPS)
    is_even = draw_classes(spec, latents) % 2 == 0
    for part in (latents.event_sign, latents.audio_start, latents.event_time, latents.event_sign * latents.audio_start):
        assert abs(pearson(part, is_even.astype(np.float64))) < 0.03
    assert np.array_equal(is_even, latents.interaction > 0)


def pooled(table: dict[str, np.ndarray]) -> np.ndarray:
    """(n, sum of D): each modality's mean over time."""
    parts = [np.where(np.isfinite(table[key]), table[key], 0.0).mean(axis=1) for key in ("text", "audio", "vision")]
    return np.concatenate(parts, axis=1).astype(np.float64)


def additive_model(interaction: float) -> tuple[float, float]:
    """Test accuracy of least squares on features pooled over time: of the pair, and of the class given the pair."""
    content = planted_dataset(PlantedSpec(num_videos=60, interaction=interaction, target="classes"))
    train, test = content["train"], content["test"]
    x, y = pooled(train), np.eye(4)[train["classification_labels"]]
    weights = np.linalg.lstsq(x, y - y.mean(axis=0), rcond=None)[0]
    guess, truth = (pooled(test) @ weights + y.mean(axis=0)).argmax(axis=1), test["classification_labels"]
    is_pair = guess // 2 == truth // 2
    return float(is_pair.mean()), float((guess == truth)[is_pair].mean())


def test_an_additive_model_finds_the_pair_and_one_of_it_only_without_interaction() -> None:
    pair, member = additive_model(0.0)
    assert min(pair, member) > 0.75
    pair, member = additive_model(1.0)
    assert pair > 0.7
    assert member == pytest.approx(0.5, abs=0.15)


def test_files_of_every_kind_say_what_their_labels_are() -> None:
    classes = planted_dataset(PlantedSpec(target="classes", num_classes=3))
    assert (classes["target_kind"], classes["target_names"]) == ("classes", ["class_0", "class_1", "class_2"])
    numbers = classes["train"]["classification_labels"]
    assert (numbers.shape, numbers.dtype) == ((180,), np.int64)
    assert set(numbers.tolist()) == {0, 1, 2}
    answers = planted_dataset(PlantedSpec(target="binaries", num_classes=3))
    assert answers["target_kind"] == "binaries"
    assert np.array_equal(answers["train"]["emotion_labels"], np.eye(3, dtype=np.float32)[numbers])
    several = planted_dataset(PlantedSpec(target="several"))
    assert several["target_names"] == ["multimodal", "language", "audio", "vision"]
    plain = planted_dataset(PlantedSpec())
    assert np.array_equal(several["test"]["regression_labels"], plain["test"]["regression_labels"])
    for content in (classes, answers, several):
        assert np.array_equal(content["test"]["text"], plain["test"]["text"]), "the clips are the same"


@pytest.mark.parametrize("kind", ["classes", "binaries", "several"])
def test_the_reader_finds_what_was_planted_also_in_a_file(kind: TargetKind, tmp_path: Path) -> None:
    spec = PlantedSpec(num_videos=9, clips_per_video=6, target=kind)
    content, dataset = planted_dataset(spec), open_dataset(spec.name)
    assert dataset.target == spec.declared_target
    columns = [content["train"][key] for key in spec.label_keys]
    expected = columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
    labels = dataset.partition(FoldRef()).train.labels
    assert labels.dtype == np.float32
    assert np.array_equal(labels, expected.astype(np.float32))
    path = tmp_path / "made.pkl"
    path.write_bytes(planted_bytes(spec))
    assert load_dataset(path).content_hash == dataset.content_hash


def test_unimodal_labels_share_the_common_factor_alone() -> None:
    content = planted_dataset(PlantedSpec(num_videos=400, clips_per_video=50, target="several", label_noise=0.0))
    text, audio = (content["train"][f"regression_labels_{key}"].astype(np.float64) for key in "TA")
    # common/sqrt(2) + own/sqrt(2) each: half of the variance is shared.
    assert pearson(text, audio) == pytest.approx(0.5, abs=0.03)
    assert (np.abs(text).max(), np.count_nonzero(text == 0) > 0) == (3.0, True)


def test_a_name_spells_a_target() -> None:
    spec = parse_planted_name("planted:target=classes,num_classes=6,imbalance=3")
    assert spec == PlantedSpec(target="classes", num_classes=6, imbalance=3.0)
    assert parse_planted_name(spec.name) == spec
    assert spec.declared_target == Target("classes", tuple(f"class_{k}" for k in range(6)))
    assert PlantedSpec().declared_target == Target()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("planted:target=class", "target must be one of regression, classes, binaries, several, but is 'class'; did"),
        ("planted:num_classes=3", "num_classes has no meaning for target=regression; remove it"),
        ("planted:target=several,imbalance=2", "imbalance has no meaning for target=several; remove it"),
        ("planted:target=classes,num_neutral=9", "num_neutral has no meaning for target=classes; remove it"),
        (
            "planted:target=binaries,num_classes=1,imbalance=0.5",
            "num_classes must be in 2..8, but is 1; imbalance must be in 1..100, but is 0.5",
        ),
    ],
)
def test_a_wrong_target_names_what_is_wrong(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace(".", r"\.")):
        parse_planted_name(name)
