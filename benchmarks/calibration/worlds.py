"""Worlds that studies are drawn from: videos with clips, and ridge regression on blocks of features as arms.

A clip has four blocks of features; its label depends on the first one strongly, on the last one not at all. Features
and residuals share a part within a video, so clips of a video are alike. An arm sees the first block and any of the
other three, eight arms in all: a full factorial of three *components*. Every arm is fitted by real ridge regression on
the training folds, its penalty chosen on the validation fold, and tested on the test fold; folds are of whole videos,
fold ``f`` is tested and the next one validates, as in the product. Training sets overlap, so cells are as dependent as
in a real study.

A run is the fitted arm with its weights shaken: by noise that the arms of one seed share in part, and noise of its own.

Legend: ``A`` arms, ``C`` cells, ``S`` seeds, ``G`` videos, ``M`` clips per video, ``P`` features, ``L`` penalties.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import stats

from reports.statistics.arrays import FloatArray, IntArray

NUM_FOLDS = 5
COMPONENTS = ("strong", "weak", "idle")
PENALTIES = np.logspace(2, -4, 13)
RUN_NOISE = 0.05
"""Standard deviation of what shakes each weight of a run."""
SHARED_BY_SEED = 0.5
"""Share of that variance which all arms of a seed have in common."""


@dataclass(frozen=True)
class World:
    """alike_x, alike_y: share of the variance of features and of residuals that clips of a video have in common.

    strengths: standard deviation that each of the four blocks adds to the label, whose residual has 1.
    """

    name: str
    num_videos: int
    clips_per_video: int
    alike_x: float = 0.2
    alike_y: float = 0.1
    block_width: int = 4
    strengths: tuple[float, float, float, float] = (1.0, 0.5, 0.2, 0.0)


WORLDS = (
    World("31 videos of 24 clips", 31, 24),
    World("31 videos of 6 clips", 31, 6),
    World("90 videos of 6 clips", 90, 6),
    World("31 videos of 12 very similar clips", 31, 12, alike_x=0.6, alike_y=0.4),
)


def combinations_of_arms() -> tuple[tuple[str, ...], ...]:
    """The components that each arm has, in the order of all arrays here; the last arm has all."""
    levels = itertools.product((False, True), repeat=len(COMPONENTS))
    return tuple(tuple(name for name, on in zip(COMPONENTS, row, strict=True) if on) for row in levels)


@dataclass(frozen=True)
class Fitted:
    """One data set with every arm fitted on every cell (the folds of a repeat, repeats one after another).

    features: (G, M, P); labels: (G, M). fold_of: (R, G). weights: (C, A, P) and offsets: (C, A) of predictions.
    """

    features: FloatArray
    labels: FloatArray
    fold_of: IntArray
    weights: FloatArray
    offsets: FloatArray

    def tested(self, cell: int) -> IntArray:
        """The videos that a cell tests."""
        return np.flatnonzero(self.fold_of[cell // NUM_FOLDS] == cell % NUM_FOLDS)


def draw_fitted(world: World, num_repeats: int, random: np.random.Generator) -> Fitted:
    """Draw a data set and folds, and fit every arm on every cell."""
    features, labels = _draw_data(world, random)
    deal = np.arange(world.num_videos) % NUM_FOLDS
    fold_of = np.stack([random.permutation(deal) for _ in range(num_repeats)])
    mask = _arm_masks(world)
    fits = [_fit(features, labels, folds, tested, mask) for folds in fold_of for tested in range(NUM_FOLDS)]
    return Fitted(features, labels, fold_of, np.stack([w for w, _ in fits]), np.stack([b for _, b in fits]))


def _draw_data(world: World, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    features = draw_alike(world.num_videos, world.clips_per_video, 4 * world.block_width, world.alike_x, random)
    truth = np.repeat(np.array(world.strengths) / np.sqrt(world.block_width), world.block_width)
    residuals = draw_alike(world.num_videos, world.clips_per_video, 1, world.alike_y, random)
    return features, features @ truth + residuals[:, :, 0]


def draw_alike(num_videos: int, num_clips: int, width: int, alike: float, random: np.random.Generator) -> FloatArray:
    """(G, M, width) numbers of variance 1, of which clips of a video have the share ``alike`` in common."""
    of_video = random.standard_normal((num_videos, 1, width))
    of_clip = random.standard_normal((num_videos, num_clips, width))
    return np.asarray(np.sqrt(alike) * of_video + np.sqrt(1 - alike) * of_clip)


def _arm_masks(world: World) -> FloatArray:
    """(A, P): 1 where an arm sees the feature."""
    blocks = [[True, *(name in on for name in COMPONENTS)] for on in combinations_of_arms()]
    return np.repeat(np.array(blocks, dtype=np.float64), world.block_width, axis=1)


def _fit(
    features: FloatArray, labels: FloatArray, folds: IntArray, tested: int, mask: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weights (A, P) and offsets (A,) of every arm on one cell, by the penalty with the least validation error."""
    validating = (tested + 1) % NUM_FOLDS
    train = (folds != tested) & (folds != validating)
    width = features.shape[-1]
    x, y = features[train].reshape(-1, width), labels[train].ravel()
    centre, scale, level = x.mean(axis=0), x.std(axis=0), y.mean()
    z = (x - centre) / scale
    gram, moment = z.T @ z / len(z), z.T @ (y - level) / len(z)
    # A feature that an arm does not see has a zero row and column: its weight comes out as 0.
    roots, axes = np.linalg.eigh(mask[:, :, None] * gram * mask[:, None, :])
    turned = np.einsum("apq,ap->aq", axes, mask * moment)
    shrunk = turned[:, :, None] / (np.maximum(roots, 0.0)[:, :, None] + PENALTIES)
    paths = axes @ shrunk * mask[:, :, None] / scale[:, None]  # (A, P, L), for features as they are
    offsets = level - centre @ paths  # (A, L)
    valid_x, valid_y = features[folds == validating].reshape(-1, width), labels[folds == validating].ravel()
    errors = np.abs(valid_x @ paths + offsets[:, None, :] - valid_y[:, None]).mean(axis=1)
    best, arms = errors.argmin(axis=1), np.arange(len(mask))
    return paths[arms, :, best], offsets[arms, best]


def draw_run_errors(world: World, fitted: Fitted, cell: int, num_seeds: int, random: np.random.Generator) -> FloatArray:
    """(A, S, G', M) absolute test errors of runs on one cell; ``G'`` its tested videos."""
    mask = _arm_masks(world)
    shared = random.standard_normal((1, num_seeds, mask.shape[1]))
    own = random.standard_normal((len(mask), num_seeds, mask.shape[1]))
    shake = RUN_NOISE * (np.sqrt(SHARED_BY_SEED) * shared + np.sqrt(1 - SHARED_BY_SEED) * own) * mask[:, None, :]
    weights = fitted.weights[cell][:, None, :] + shake
    videos = fitted.tested(cell)
    predicted = np.einsum("asp,gmp->asgm", weights, fitted.features[videos], optimize=True)
    return np.asarray(np.abs(predicted + fitted.offsets[cell][:, None, None, None] - fitted.labels[videos]))


def expected_scores(world: World, fitted: Fitted) -> FloatArray:
    """(A, C) the score that infinitely many seeds would give on each cell, exactly: means of folded normals."""
    squares = (fitted.features**2) @ _arm_masks(world).T  # (G, M, A)
    scores = np.empty((squares.shape[-1], len(fitted.offsets)))
    for cell in range(len(fitted.offsets)):
        videos = fitted.tested(cell)
        predicted = fitted.features[videos] @ fitted.weights[cell].T + fitted.offsets[cell]
        centre, deviation = predicted - fitted.labels[videos, :, None], RUN_NOISE * np.sqrt(squares[videos])
        ratio = centre / deviation
        folded = deviation * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + centre * (1 - 2 * stats.norm.cdf(-ratio))
        scores[:, cell] = folded.mean(axis=(0, 1))
    return scores
