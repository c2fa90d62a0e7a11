"""Planted data keep their promises: what was planted can be found again, and the interaction by no additive model."""

import pickle

import numpy as np
import pytest

from dmd.data.dataset.input_config import InputConfig
from dmd.data.formats.planted import draw_latents, load_planted, make_labels, planted_bytes, planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec, parse_planted_name
from dmd.data.samples.samples import Inputs
from dmd.errors import DataError
from dmd.job import FoldRef
from dmd.metrics.sentiment import pearson
from dmd.modalities import MODALITIES
from tests.dmd.data_builders import Finished


def test_the_same_seed_gives_the_same_content_and_another_seed_another() -> None:
    assert load_planted(PlantedSpec()).content_hash == load_planted(PlantedSpec()).content_hash
    assert load_planted(PlantedSpec(seed=1)).content_hash != load_planted(PlantedSpec()).content_hash
    assert planted_bytes(PlantedSpec()) == planted_bytes(PlantedSpec())


def test_the_file_has_what_real_files_have() -> None:
    dataset = load_planted(PlantedSpec())
    assert len(dataset) == 300
    assert dataset.widths == {"language": 20, "audio": 8, "vision": 12}
    assert dataset.max_steps == {"language": 12, "audio": 16, "vision": 14}
    assert dataset.non_finite == {"language": 0, "audio": 5, "vision": 0}
    assert dataset.file_padding == dict.fromkeys(MODALITIES, "right")
    lengths = np.stack([dataset.lengths[modality] for modality in MODALITIES])
    assert (lengths == 1).all(axis=0).sum() == 1
    assert (lengths == [[12], [16], [14]]).all(axis=0).any()
    assert len(np.unique(lengths[1])) > 5
    content = planted_dataset(PlantedSpec())
    labels = np.concatenate([table["regression_labels"] for table in content.values()])
    assert np.allclose(labels * 5, np.round(labels * 5), atol=1e-5)
    assert np.abs(labels).max() <= 3
    assert np.count_nonzero(labels == 0) >= 4
    ids = [str(item) for table in content.values() for item in table["id"]]
    assert "syn003$_$2" in ids
    assert len(set(ids)) == 300


def test_official_splits_share_no_video() -> None:
    dataset = load_planted(PlantedSpec())
    videos = [{dataset.groups[row] for row in dataset.splits[split]} for split in ("train", "valid", "test")]
    assert [len(part) for part in videos] == [18, 6, 6]
    assert len(set.union(*videos)) == 30


LARGE = PlantedSpec(num_videos=400, clips_per_video=50, label_noise=0.0)
CLIPS = np.repeat(np.arange(400), 50)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_interaction_carries_its_share_of_the_variance(share: float) -> None:
    latents = draw_latents(PlantedSpec(num_videos=400, clips_per_video=50, interaction=share, label_noise=0.0), CLIPS)
    assert pearson(latents.score, latents.interaction) ** 2 == pytest.approx(share, abs=0.02)
    assert latents.score.var() == pytest.approx(1.0, abs=0.05)


def test_no_part_of_the_interaction_tells_it_without_the_others() -> None:
    latents = draw_latents(LARGE, CLIPS)
    parts = [latents.event_sign, latents.audio_start, latents.event_time, latents.event_sign * latents.audio_start]
    parts += [latents.common, *latents.exclusive.values()]
    for part in parts:
        assert abs(pearson(part, latents.interaction)) < 0.03
    in_second_half = latents.event_time + 0.25 >= 0.5
    decoded = latents.event_sign * np.where(in_second_half, -latents.audio_start, latents.audio_start)
    assert np.array_equal(decoded, latents.interaction)


def test_videos_have_their_own_effect() -> None:
    def share_between_videos(effect: float) -> float:
        spec = PlantedSpec(num_videos=400, clips_per_video=50, video_effect=effect, interaction=0.0, label_noise=0.0)
        return float(draw_latents(spec, CLIPS).score.reshape(400, 50).mean(axis=1).var())

    assert share_between_videos(0.0) == pytest.approx(1 / 50, abs=0.005)
    assert share_between_videos(0.4) == pytest.approx(0.4 + 0.6 / 50, abs=0.07)


def pooled(inputs: Inputs) -> np.ndarray:
    """(n, sum of D): each modality's mean over its real steps."""
    means = [part.values.sum(axis=1) / part.lengths[:, None] for part in inputs.sequences.values()]
    return np.concatenate(means, axis=1).astype(np.float64)


def ridge_correlation(interaction: float) -> float:
    """Test correlation of ridge regression on features pooled over time."""
    parts = load_planted(PlantedSpec(num_videos=60, interaction=interaction)).partition(FoldRef())
    x, y = pooled(parts.train.inputs), parts.train.labels.astype(np.float64)
    weights = np.linalg.solve(x.T @ x + 10.0 * np.eye(x.shape[1]), x.T @ (y - y.mean()))
    return parts.test.score((pooled(parts.test.inputs) @ weights + y.mean()).astype(np.float32), Finished()).metrics[
        "corr"
    ]


def test_an_additive_model_finds_the_additive_part_and_nothing_of_the_interaction() -> None:
    assert ridge_correlation(0.0) > 0.8
    assert abs(ridge_correlation(1.0)) < 0.25


def signs_along_main_axis(vectors: np.ndarray) -> np.ndarray:
    """(n,) side of each vector (n, D) along the direction in which they vary most."""
    return np.sign(vectors @ np.linalg.svd(vectors, full_matrices=False)[2][0])


def test_whoever_combines_event_and_lagged_state_finds_the_interaction_in_the_features() -> None:
    spec = PlantedSpec(interaction=1.0, label_noise=0.0, language_noise=0.1, audio_noise=0.1, num_neutral=0)
    train = load_planted(spec).partition(FoldRef(), InputConfig(align="start")).train
    language, audio = (train.inputs.sequences[modality] for modality in ("language", "audio"))
    events, times, flips = [], [], []
    for row in range(2, len(train)):
        steps = language.values[row, : language.lengths[row]]
        away = steps - np.median(steps, axis=0)
        step = int(np.argmax(np.linalg.norm(away, axis=1)))
        events.append(away[step])
        times.append((step + 0.5) / len(steps))
        heard = audio.values[row, : audio.lengths[row]]
        flips.append(heard[: len(heard) // 2].mean(axis=0) - heard[-(len(heard) // 2) :].mean(axis=0))
    in_first_half = np.where(np.array(times) + 0.25 < 0.5, 1.0, -1.0)
    found = signs_along_main_axis(np.array(events)) * signs_along_main_axis(np.array(flips)) * in_first_half
    assert abs(pearson(found, train.labels[2:].astype(np.float64))) > 0.7
    assert abs(pearson(found * in_first_half, train.labels[2:].astype(np.float64))) < 0.25


def test_modalities_carry_different_amounts_of_the_common_factor() -> None:
    dataset = load_planted(PlantedSpec(num_videos=60, interaction=0.0, video_effect=0.0))
    parts = dataset.partition(FoldRef())
    errors = {}
    start = 0
    for modality, width in dataset.widths.items():
        x, y = pooled(parts.train.inputs)[:, start : start + width], parts.train.labels.astype(np.float64)
        weights = np.linalg.lstsq(x, y - y.mean(), rcond=None)[0]
        errors[modality] = float(np.var(y - y.mean() - x @ weights) / np.var(y))
        start += width
    assert errors["language"] < min(errors["audio"], errors["vision"])
    assert max(errors.values()) < 0.7, "each modality must be worth something"


def test_a_name_spells_a_spec_and_back() -> None:
    spec = PlantedSpec(seed=3, interaction=0.5, audio_width=6)
    assert spec.name == "planted:seed=3,interaction=0.5,audio_width=6"
    assert parse_planted_name(spec.name) == spec
    assert parse_planted_name("planted") == PlantedSpec()
    assert PlantedSpec().name == "planted"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("planted:sed=1", "unknown field 'sed', did you mean 'seed'"),
        (
            "planted:seed=x,interaction=y",
            "seed must be an integer, but is 'x'; interaction must be a number, but is 'y'",
        ),
        (
            "planted:interaction=2,num_videos=1",
            "num_videos must be in 3..10000, but is 1; interaction must be in 0..1, but",
        ),
        ("planted:interaction=nan", "interaction must be in 0..1, but is nan"),
        ("planted:num_videos=10000,clips_per_video=1000", "10,000,000 clips of 536 values are more than"),
    ],
)
def test_a_wrong_spec_names_every_wrong_field(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace(".", r"\.")):
        parse_planted_name(name)


def test_labels_nearest_to_zero_are_exactly_zero_even_at_full_interaction() -> None:
    spec = PlantedSpec(interaction=1.0, label_noise=0.0)
    labels = make_labels(spec, draw_latents(spec, np.repeat(np.arange(30), 10)))
    assert np.count_nonzero(labels == 0) == 4
    assert not np.signbit(labels[labels == 0]).any()


def test_the_pickle_is_readable_by_anyone() -> None:
    assert set(pickle.loads(planted_bytes(PlantedSpec()))) == {"train", "valid", "test"}
