"""Worlds whose clips have a class: videos with clips, and ridge regression to one-hot classes as arms.

A clip has four blocks of features and, for every class, a utility that depends on the first block strongly and on the
last one not at all; its class is the one of the largest utility, and some classes are rarer than others. Features and
utilities share a part within a video. An arm sees all blocks, or all but one of the last three. Every arm is fitted by
ridge regression of one-hot classes, its penalty chosen on the validation part; its probabilities are a softmax of what
it predicts. A run is the fitted arm with weights and offsets shaken, by noise that the arms of one seed share in part.

Legend: ``A`` arms, ``C`` cells, ``S`` seeds, ``G`` videos, ``M`` clips per video, ``P`` features, ``K`` classes, ``L``
penalties.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.calibration.worlds import COMPONENTS, NUM_FOLDS, PENALTIES, SHARED_BY_SEED, draw_alike
from reports.statistics.arrays import FloatArray, IntArray

NAMES = ("neutral", "happy", "sad", "angry")
FULL = "full"
ARMS = (FULL, *(f"no_{name}" for name in COMPONENTS))
BLOCK_WIDTH = 3
NUM_FEATURES = BLOCK_WIDTH * (1 + len(COMPONENTS))
STRENGTHS = (1.5, 0.8, 0.3, 0.0)
"""Standard deviation that each block adds to a utility, whose residual has 1."""
WEIGHT_NOISE, OFFSET_NOISE = 0.015, 0.02
"""Standard deviations of what shakes each weight and each offset of a run; fitted weights are about 0.1."""
SHARPNESS = 6.0
"""What predictions are multiplied by before the softmax: about the scale on which they are probabilities."""
NUM_CLASSES = len(NAMES)


@dataclass(frozen=True)
class ClassWorld:
    """rates: how often each class occurs. alike_x, alike_y: as of :class:`benchmarks.calibration.worlds.World`."""

    name: str
    num_videos: int
    clips_per_video: int
    rates: tuple[float, ...] = (0.4, 0.25, 0.2, 0.15)
    alike_x: float = 0.2
    alike_y: float = 0.1


CLASS_WORLDS = (
    ClassWorld("31 videos of 24 clips", 31, 24),
    ClassWorld("31 videos of 8 clips, a rare class", 31, 8, rates=(0.5, 0.25, 0.18, 0.07)),
    ClassWorld("90 videos of 6 clips", 90, 6),
    ClassWorld("10 speakers of 40 clips", 10, 40),
)


@dataclass(frozen=True)
class ClassData:
    """features: (G, M, P). classes: (G, M)."""

    features: FloatArray
    classes: IntArray

    def of(self, videos: IntArray) -> ClassData:
        """Some of the videos."""
        return ClassData(self.features[videos], self.classes[videos])


@dataclass(frozen=True)
class FittedArms:
    """weights: (A, P, K). offsets: (A, K)."""

    weights: FloatArray
    offsets: FloatArray


def draw_data(world: ClassWorld, num_videos: int, random: np.random.Generator) -> ClassData:
    """New videos of a world."""
    truth, levels = _truth(world)
    features = draw_alike(num_videos, world.clips_per_video, NUM_FEATURES, world.alike_x, random)
    residuals = draw_alike(num_videos, world.clips_per_video, NUM_CLASSES, world.alike_y, random)
    return ClassData(features, np.argmax(features @ truth + residuals + levels, axis=-1).astype(np.int64))


@cache
def _truth(world: ClassWorld) -> tuple[FloatArray, FloatArray]:
    """Weights (P, K) of the utilities, and levels (K,) at which classes occur as often as they should."""
    random = np.random.default_rng(17)
    strengths = np.repeat(np.array(STRENGTHS) / np.sqrt(BLOCK_WIDTH), BLOCK_WIDTH)
    truth = strengths[:, None] * random.standard_normal((NUM_FEATURES, NUM_CLASSES))
    utilities = random.standard_normal((40_000, NUM_FEATURES)) @ truth + random.standard_normal((40_000, NUM_CLASSES))
    levels = np.zeros(NUM_CLASSES)
    for _ in range(40):
        found = np.bincount(np.argmax(utilities + levels, axis=1), minlength=NUM_CLASSES) / len(utilities)
        levels += np.log(np.array(world.rates) / np.maximum(found, 1e-3))
    return truth, levels


def deal_folds(world: ClassWorld, random: np.random.Generator) -> IntArray:
    """(G,) the fold that tests each video."""
    return random.permutation(np.arange(world.num_videos) % NUM_FOLDS)


def fit_fold(data: ClassData, folds: IntArray, tested: int) -> FittedArms:
    """Every arm on one fold; the next one validates, as in the product."""
    validating = (tested + 1) % NUM_FOLDS
    is_train = (folds != tested) & (folds != validating)
    return fit(data.of(np.flatnonzero(is_train)), data.of(np.flatnonzero(folds == validating)))


def fit(train: ClassData, valid: ClassData) -> FittedArms:
    """Every arm, by the penalty with the least squared error on the validation part."""
    x, one_hot = train.features.reshape(-1, NUM_FEATURES), np.eye(NUM_CLASSES)[train.classes.ravel()]
    centre, scale, level = x.mean(axis=0), x.std(axis=0), one_hot.mean(axis=0)
    z, mask = (x - centre) / scale, _masks()
    gram, moment = z.T @ z / len(z), z.T @ (one_hot - level) / len(z)
    # A feature that an arm does not see has a zero row and column: its weights come out as 0.
    roots, axes = np.linalg.eigh(mask[:, :, None] * gram * mask[:, None, :])
    turned = axes.transpose(0, 2, 1) @ (mask[:, :, None] * moment)  # (A, P, K)
    shrunk = turned / (np.maximum(roots, 0.0)[:, :, None] + PENALTIES[:, None, None, None])  # (L, A, P, K)
    paths = axes @ shrunk * mask[:, :, None] / scale[:, None]  # (L, A, P, K), for features as they are
    offsets = level - np.einsum("p,lapk->lak", centre, paths)
    predicted = valid.features.reshape(-1, NUM_FEATURES) @ paths + offsets[:, :, None, :]
    errors = ((predicted - np.eye(NUM_CLASSES)[valid.classes.ravel()]) ** 2).mean(axis=(2, 3))
    best, arms = errors.argmin(axis=0), np.arange(len(ARMS))
    return FittedArms(paths[best, arms], offsets[best, arms])


def _masks() -> FloatArray:
    """(A, P): 1 where an arm sees the feature."""
    blocks = [[True, *(arm != f"no_{name}" for name in COMPONENTS)] for arm in ARMS]
    return np.repeat(np.array(blocks, dtype=np.float64), BLOCK_WIDTH, axis=1)


def draw_runs(fitted: FittedArms, num_seeds: int, random: np.random.Generator) -> FittedArms:
    """weights (A, S, P, K) and offsets (A, S, K) of runs."""

    def shake(size: float, *shape: int) -> FloatArray:
        shared = random.standard_normal((1, num_seeds, *shape))
        own = random.standard_normal((len(ARMS), num_seeds, *shape))
        return np.asarray(size * (np.sqrt(SHARED_BY_SEED) * shared + np.sqrt(1 - SHARED_BY_SEED) * own))

    weights = fitted.weights[:, None] + shake(WEIGHT_NOISE, NUM_FEATURES, NUM_CLASSES) * _masks()[:, None, :, None]
    return FittedArms(weights, fitted.offsets[:, None] + shake(OFFSET_NOISE, NUM_CLASSES))


def predict(runs: FittedArms, data: ClassData) -> FloatArray:
    """(A, S, G M, K) what runs predict of every clip, before the softmax."""
    x = data.features.reshape(-1, NUM_FEATURES)
    return np.asarray(SHARPNESS * (x @ runs.weights + runs.offsets[:, :, None, :]))


def probabilities_of(predicted: FloatArray) -> FloatArray:
    """Their softmax over classes."""
    powers = np.exp(predicted - predicted.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
