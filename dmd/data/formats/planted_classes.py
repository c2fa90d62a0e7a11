"""Planted classes: which of K classes a clip belongs to, from the same latent variables as planted regression.

Classes come in pairs (0 and 1, 2 and 3, ...; the last of an odd number stands alone):

* *which pair* is additive knowledge: the pairs' scores point to the corners of a regular simplex in the space of
  factors that is orthogonal to the additive score ``a``, and the highest one wins;
* *which of the pair* is the sign of the latent score ``z``: positive the even class, negative the odd one. At
  ``interaction=0`` that is additive knowledge, too; at ``interaction=1`` it is the interaction alone, and whoever
  cannot relate the audio to the time of the language event guesses one of two.

``label_noise`` is added to ``z`` and to each pair's score. Class k has a share proportional to ``imbalance **
-(k / (K - 1))``: exactly at ``interaction`` 0 and 1, nearly between them. The interaction itself leans for that
(by the state of the audio at the start, so that no modality alone tells more than the shares).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import torch

from dmd.data.formats.planted_latents import Latents
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.samples.arrays import AnyArray
from dmd.modalities import MODALITIES
from dmd.random_streams import numpy_generator

_REFERENCE = 8192
"""Draws that the pairs' offsets are fitted to."""

_FITTING_STEPS = 200


def class_shares(spec: PlantedSpec) -> AnyArray:
    """(K,) share of each class among the clips."""
    shares = spec.imbalance ** -(np.arange(spec.num_classes) / (spec.num_classes - 1))
    return np.asarray(shares / shares.sum())


def even_share(spec: PlantedSpec) -> float:
    """The share of the even class in every pair, and of the interaction's +1."""
    ratio = float(spec.imbalance ** (1 / (spec.num_classes - 1)))
    return ratio / (1.0 + ratio)


def draw_classes(spec: PlantedSpec, latents: Latents) -> AnyArray:
    """(n,) int64 in 0..K-1."""
    generator = numpy_generator(spec.seed, "planted", "classes")
    pairs = _pair_scores(spec, latents)
    pairs = pairs + spec.label_noise * generator.standard_normal(pairs.shape)
    is_even = latents.score + _shift(spec) > 0
    return _class_of(spec, pairs, is_even)


def guess_classes(spec: PlantedSpec, latents: Latents, *, knows_interaction: bool = True) -> AnyArray:
    """(n,) the most likely class of each clip for one who knows its factors, and its interaction or not."""
    additive = math.sqrt(1.0 - spec.interaction) * latents.additive + _shift(spec)
    weight = math.sqrt(spec.interaction)
    if knows_interaction:
        is_even = additive + weight * latents.interaction > 0
    else:
        noise = max(spec.label_noise, 1e-9)
        above, below = (_normal_cdf((additive + side * weight) / noise) for side in (1.0, -1.0))
        even = even_share(spec)
        is_even = even * above + (1.0 - even) * below > 0.5
    return _class_of(spec, _pair_scores(spec, latents), is_even)


def _class_of(spec: PlantedSpec, pairs: AnyArray, is_even: AnyArray) -> AnyArray:
    """Pair scores (n, J) and the side of the pair (n,) -> (n,) class."""
    classes = np.minimum(2 * pairs.argmax(axis=1) + np.where(is_even, 0, 1), spec.num_classes - 1)
    return np.asarray(classes, dtype=np.int64)


def _shift(spec: PlantedSpec) -> float:
    """What makes the additive part of ``z`` positive as often as the even classes want."""
    spread = math.sqrt((1.0 - spec.interaction) * (1.0 + spec.label_noise**2))
    return spread * NormalDist().inv_cdf(even_share(spec))


def _pair_scores(spec: PlantedSpec, latents: Latents) -> AnyArray:
    """(n, J) without noise, offsets included."""
    common, (first, second, third) = latents.common, (latents.exclusive[m] for m in MODALITIES)
    # An orthonormal basis of what is orthogonal to the additive score in (common, three exclusive factors).
    factors = [
        math.sqrt(1 / 2) * common - math.sqrt(1 / 6) * (first + second + third),
        math.sqrt(1 / 2) * (first - second),
        math.sqrt(1 / 6) * (first + second - 2.0 * third),
    ]
    corners = _simplex(math.ceil(spec.num_classes / 2))
    scores = sum(
        (factor[:, None] * corner for factor, corner in zip(factors, corners.T, strict=False)),
        start=np.zeros((len(common), len(corners))),
    )
    return np.asarray(scores + _pair_offsets(spec, corners))


def _simplex(num_corners: int) -> AnyArray:
    """(J, J - 1) corners of a regular simplex around 0, each of length 1 (Helmert's contrasts)."""
    corners = np.zeros((num_corners, num_corners - 1))
    for column in range(num_corners - 1):
        corners[: column + 1, column], corners[column + 1, column] = 1.0, -(column + 1.0)
        corners[:, column] /= math.sqrt((column + 1) * (column + 2))
    corners *= math.sqrt(num_corners / max(num_corners - 1, 1))
    return corners


def _pair_offsets(spec: PlantedSpec, corners: AnyArray) -> AnyArray:
    """(J,) added to the pairs' scores so that each wins as often as its classes want."""
    shares = np.add.reduceat(class_shares(spec), np.arange(0, spec.num_classes, 2))
    offsets = np.zeros(len(shares))
    if np.allclose(shares, shares[0]):
        return offsets
    generator = numpy_generator(0, "planted", "reference")
    scores = generator.standard_normal((_REFERENCE, corners.shape[1])) @ corners.T
    scores += spec.label_noise * generator.standard_normal(scores.shape)
    for _ in range(_FITTING_STEPS):
        won = np.bincount((scores + offsets).argmax(axis=1), minlength=len(shares)) / _REFERENCE
        offsets += 0.5 * np.log(shares / np.maximum(won, 1 / _REFERENCE)) * math.sqrt(1.0 + spec.label_noise**2)
    offsets -= offsets.mean()
    return offsets


def _normal_cdf(values: AnyArray) -> AnyArray:
    return np.asarray(torch.special.ndtr(torch.from_numpy(values)).numpy())
