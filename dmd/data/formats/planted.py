"""Planted data: a data set whose truth is known, in MMSA's layout, so that the MMSA reader is exercised as well.

Structure, for clip i of video v (all draws are functions of the seed alone):

* additive score ``a`` (variance 1): a video effect (share ``video_effect``) plus what is left of the variance shared by
  a *common* factor (half), which every modality shows, and one *exclusive* factor per modality (a sixth each);
* interaction ``x`` in {-1, +1}: the sign of a language event times the state of the audio at the same relative time
  *plus a lag*. The audio state flips half-way through the clip, so its mean over time carries nothing; sign, time and
  state are independent of everything else. Neither modality alone, nor any sum of functions of each, predicts ``x``;
  (``interaction_form=question``: another interaction, :mod:`dmd.data.formats.planted_question`);
* latent score ``z = sqrt(1 - interaction) a + sqrt(interaction) x + label_noise e``;
* label ``clip(1.5 z, -3, 3)`` on the 0.2 grid; the ``num_neutral`` labels nearest to 0 are set to exactly 0.

With another ``target`` the clips are the same and the labels differ: classes
(:mod:`dmd.data.formats.planted_classes`), a yes-or-no question per class, or several numbers: the label above, then one
of each modality alone, ``1.5 (sqrt(1/2) common + sqrt(1/2) exclusive + label_noise e)``.

Each modality shows its signals along orthonormal directions (common, exclusive, event or state, or the parts of a
question) in white noise: language with little noise, audio and vision with more. Clips have unequal lengths; the first
clip has one step in every modality and the second one is full. Videos are split 60/20/20 into train, valid and test.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.formats.planted_classes import draw_classes, even_share, guess_classes
from dmd.data.formats.planted_latents import Latents
from dmd.data.formats.planted_question import draw_question
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.samples.samples import LabelScale
from dmd.data.tables.layout import KIND_KEY, LABELS_KEY, NAMES_KEY, SPLITS
from dmd.modalities import MODALITIES, Modality
from dmd.random_streams import numpy_generator

Array = npt.NDArray[Any]

LABEL_GAIN = 1.5
GRID = 5.0
"""Labels per unit: the 0.2 grid of averaged annotators."""

COMMON_SHARE = 0.5
LAG = 0.25
"""The audio state that counts comes this share of the clip after the language event."""

EVENT_SPANS = ((0.0, 0.5 - LAG), (0.5 - LAG, 1.0 - LAG))
"""Where the event lies if the audio state that counts is that of the first half, and of the second."""

CLS, SEP, WORD = 101, 102, 1000
COMMON, EXCLUSIVE, EVENT = 0, 1, 2
"""Which of a modality's directions shows what; audio shows its state where language shows its event."""


def ceiling_accuracy(spec: PlantedSpec, *, knows_interaction: bool = True) -> float:
    """The share of all clips whose class follows from their latent variables, noise aside: no model can know more.

    knows_interaction: whether it may use the interaction, or only its share of +1: the ceiling of models that cannot
    relate times across modalities.
    """
    latents = draw_latents(spec, _videos(spec))
    guesses = guess_classes(spec, latents, knows_interaction=knows_interaction)
    return float((guesses == draw_classes(spec, latents)).mean())


def load_planted(spec: PlantedSpec, declared: Declared = UNDECLARED) -> Dataset:
    """The planted data set, read by the MMSA reader. Its name spells the spec."""
    # Its scale is known, however few labels there are to fill it.
    scale = declared.scale or LabelScale()
    return read_mmsa(planted_dataset(spec), spec.name, replace(declared, scale=scale))


def planted_bytes(spec: PlantedSpec) -> bytes:
    """The planted data as an MMSA pickle (protocol 4, as MMSA writes it)."""
    return pickle.dumps(planted_dataset(spec), protocol=4)


def planted_dataset(spec: PlantedSpec) -> dict[str, Any]:
    """The planted data as an MMSA dictionary: split -> key -> array. The same spec gives the same arrays.

    Any target but ``regression`` is declared beside the splits: ``target_kind``, ``target_names``, ``target_keys``.
    """
    videos = _videos(spec)
    latents = draw_latents(spec, videos)
    lengths = _draw_lengths(spec, len(videos))
    features = {m: _make_features(spec, m, latents, lengths[m]) for m in MODALITIES}
    _plant_infinite(spec, features["audio"], lengths["audio"])
    clips = np.tile(np.arange(spec.clips_per_video), spec.num_videos)
    ids = np.array([f"syn{video:03d}$_${clip}" for video, clip in zip(videos, clips, strict=True)])
    everything = {
        "raw_text": np.array([f"planted clip {item}" for item in ids]),
        "id": ids,
        "text": features["language"],
        "text_bert": _make_tokens(lengths["language"], spec.language_steps),
        "audio": features["audio"],
        "vision": features["vision"],
        "audio_lengths": lengths["audio"],
        "vision_lengths": lengths["vision"],
        **_label_arrays(spec, latents),
    }
    rows = _split_videos(spec, videos)
    content: dict[str, Any] = {
        split: {key: value[rows[split]] for key, value in everything.items()} for split in SPLITS
    }
    if spec.target != "regression":
        target = spec.declared_target
        content |= {KIND_KEY: target.kind, NAMES_KEY: list(target.names), LABELS_KEY: list(spec.label_keys)}
    return content


def _label_arrays(spec: PlantedSpec, latents: Latents) -> dict[str, Array]:
    """Key -> (n, ...): the labels, under the names that the field's files have for their kind."""
    if spec.has_classes:
        classes = draw_classes(spec, latents)
        names = np.array(spec.declared_target.names)
        answers = (classes[:, None] == np.arange(spec.num_classes)).astype(np.float32)
        return {"annotations": names[classes], spec.label_keys[0]: answers if spec.target == "binaries" else classes}
    values = make_labels(spec, latents)
    signs = (np.sign(values) + 1).astype(np.int64)
    labels = {
        "annotations": np.array(["Negative", "Neutral", "Positive"])[signs],
        "classification_labels": signs,
        "regression_labels": values,
    }
    if spec.target == "several":
        unimodal = zip(spec.label_keys[1:], MODALITIES, strict=True)
        labels |= {key: make_labels_of(spec, latents, modality) for key, modality in unimodal}
    return labels


def _videos(spec: PlantedSpec) -> Array:
    """(n,) the video of each clip."""
    return np.repeat(np.arange(spec.num_videos), spec.clips_per_video)


def draw_latents(spec: PlantedSpec, videos: Array) -> Latents:
    """Factors, interaction and latent score of the clips of ``videos`` (n,)."""
    n = len(videos)
    generator = numpy_generator(spec.seed, "planted", "latents")
    common = generator.standard_normal(n)
    exclusive = {modality: generator.standard_normal(n) for modality in MODALITIES}
    of_video = generator.standard_normal(spec.num_videos)[videos]
    event_sign, audio_start = (generator.choice([-1.0, 1.0], n) for _ in range(2))
    # the state that counts lies in either half equally often, so that knowing the state but not the time tells nothing
    event_time = np.where(generator.random(n) < 0.5, *(generator.uniform(*span, n) for span in EVENT_SPANS))
    noise = generator.standard_normal(n)
    if spec.has_classes and spec.imbalance != 1.0:
        audio_start = _lean(spec, event_sign * audio_state(audio_start, event_time + LAG), audio_start)
    each = (1.0 - COMMON_SHARE) / len(MODALITIES)
    own = np.sqrt(COMMON_SHARE) * common + np.sqrt(each) * sum(exclusive.values())
    additive = np.sqrt(spec.video_effect) * of_video + np.sqrt(1.0 - spec.video_effect) * own
    question = draw_question(spec, _draw_lengths(spec, n)["audio"]) if spec.asks_questions else None
    interaction = question.answer if question else event_sign * audio_state(audio_start, event_time + LAG)
    score = np.sqrt(1.0 - spec.interaction) * additive + np.sqrt(spec.interaction) * interaction
    noisy = score + spec.label_noise * noise
    return Latents(common, exclusive, event_sign, event_time, audio_start, interaction, additive, noisy, question)


def _lean(spec: PlantedSpec, interaction: Array, audio_start: Array) -> Array:
    """(n,) the audio's start, inverted in so many clips that the interaction is +1 in the share of the even classes."""
    chance = 2.0 * even_share(spec) - 1.0
    is_inverted = (interaction < 0) & (numpy_generator(spec.seed, "planted", "lean").random(len(interaction)) < chance)
    return np.where(is_inverted, -audio_start, audio_start)


def audio_state(start: Array, time: Array) -> Array:
    """The state at a share of the clip in [0, 1): ``start`` in the first half, its opposite in the second."""
    return np.where(time < 0.5, start, -start)


def make_labels(spec: PlantedSpec, latents: Latents) -> Array:
    """(n,) float32 on the 0.2 grid in [-3, 3]; the ``num_neutral`` scores nearest to 0 are exactly 0."""
    return _on_grid(latents.score, spec.num_neutral)


def make_labels_of(spec: PlantedSpec, latents: Latents, modality: Modality) -> Array:
    """(n,) as :func:`make_labels`: what one modality alone says."""
    noise = numpy_generator(spec.seed, "planted", "unimodal", modality).standard_normal(len(latents.common))
    score = np.sqrt(0.5) * (latents.common + latents.exclusive[modality]) + spec.label_noise * noise
    return _on_grid(score, spec.num_neutral)


def _on_grid(scores: Array, num_neutral: int) -> Array:
    labels = np.clip(np.round(LABEL_GAIN * scores * GRID) / GRID, -3.0, 3.0)
    labels[np.argsort(np.abs(scores), kind="stable")[:num_neutral]] = 0.0
    return labels.astype(np.float32) + np.float32(0.0)  # adding 0 turns -0 into 0


def _steps_of(spec: PlantedSpec, modality: Modality) -> int:
    return int(getattr(spec, f"{modality}_steps"))


def _draw_lengths(spec: PlantedSpec, n: int) -> dict[Modality, Array]:
    """(n,) per modality: between a third of the steps and all of them; clip 0 has one step, clip 1 all."""
    generator = numpy_generator(spec.seed, "planted", "lengths")
    share = generator.uniform(1 / 3, 1.0, n)
    lengths = {}
    for modality in MODALITIES:
        steps = _steps_of(spec, modality)
        jitter = generator.integers(-1, 2, n)
        lengths[modality] = np.clip(np.round(share * steps).astype(np.int64) + jitter, 2, steps)
        lengths[modality][:2] = [1, steps]
    return lengths


def _make_features(spec: PlantedSpec, modality: Modality, latents: Latents, lengths: Array) -> Array:
    """(n, T, D) float32, right-padded with zeros."""
    generator = numpy_generator(spec.seed, "planted", "features", modality)
    n, steps, width = len(lengths), _steps_of(spec, modality), int(getattr(spec, f"{modality}_width"))
    directions = np.linalg.qr(generator.standard_normal((width, width)))[0][:, :5].T * np.sqrt(width) / 2
    offsets = np.arange(steps)
    time = (offsets + 0.5) / lengths[:, None]
    signals = np.zeros((n, steps, EVENT + 1))
    # the common factor sways in time by a rhythm of the modality's own, around the clip's value
    rhythm = 0.3 * np.sin(2 * np.pi * (time + MODALITIES.index(modality) / 3))
    signals[:, :, COMMON] = latents.common[:, None] * (1.0 + rhythm)
    signals[:, :, EXCLUSIVE] = latents.exclusive[modality][:, None]
    if latents.question is not None:
        signals = np.concatenate([signals[:, :, :EVENT], latents.question.signals(modality, steps)], axis=2)
    elif modality == "language":
        event_step = np.floor(latents.event_time * lengths).astype(np.int64)
        # scaled so that the event weighs as much over the clip as a signal that is always on
        signals[np.arange(n), event_step, EVENT] = latents.event_sign * np.sqrt(steps)
    elif modality == "audio":
        signals[:, :, EVENT] = audio_state(latents.audio_start[:, None], time)
    noise = float(getattr(spec, f"{modality}_noise")) * generator.standard_normal((n, steps, width))
    values = signals @ directions[: signals.shape[2]] + noise
    values[offsets >= lengths[:, None]] = 0.0
    return np.asarray(values, dtype=np.float32)


def _plant_infinite(spec: PlantedSpec, audio: Array, lengths: Array) -> None:
    """Set ``num_infinite`` values of real steps to -inf, each in another clip, as silent frames are in MMSA's audio."""
    generator = numpy_generator(spec.seed, "planted", "infinite")
    for row in generator.permutation(len(audio))[: spec.num_infinite]:
        audio[row, generator.integers(lengths[row]), generator.integers(audio.shape[2])] = -np.inf


def _make_tokens(lengths: Array, steps: int) -> Array:
    """(n, 3, T) int64 as in ``text_bert``: token ids, attention mask, segment ids."""
    mask = np.arange(steps) < lengths[:, None]
    ids = np.where(mask, WORD, 0)
    ids[:, 0] = CLS
    ids[np.arange(len(lengths)), lengths - 1] = np.where(lengths > 1, SEP, CLS)
    return np.stack([ids, mask.astype(np.int64), np.zeros_like(ids)], axis=1)


def _split_videos(spec: PlantedSpec, videos: Array) -> dict[str, Array]:
    """Split -> rows: 60/20/20 of the videos, at least one each, in random order."""
    order = numpy_generator(spec.seed, "planted", "splits").permutation(spec.num_videos)
    held = max(1, round(spec.num_videos / 5))
    parts = {"valid": order[:held], "test": order[held : 2 * held], "train": order[2 * held :]}
    return {split: np.flatnonzero(np.isin(videos, parts[split])) for split in SPLITS}
