"""Pictures of features, and how much can be read off the features themselves.

The picture is a t-SNE (van der Maaten and Hinton 2008, *Visualizing Data using t-SNE*): it keeps neighbours together
and nothing else; sizes of clusters and distances between them mean nothing, and it shows clusters where there are none.
So no picture goes without a number that was computed on the features themselves: see
:mod:`reports.sections.model_inside.probe`.

Legend: ``n`` test items, ``d`` features of a modality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.target import Target
from reports.sections.model_inside.edges import MODALITIES
from reports.sections.model_inside.probe import Probe, linear_probe
from reports.statistics.arrays import BoolArray, FloatArray, IntArray

SHOWN_BY_CLASS, SHOWN_BY_MODALITY = 400, 100
"""Most items in either picture; of more, every k-th is taken. Probes use all."""

PERPLEXITY = 30.0


@dataclass(frozen=True)
class ClassMap:
    """The common features of all modalities side by side, one point per item.

    Attributes:
        coordinates: (n, 2) of the picture, from (n, 3 d) features.
        labels: (n,) of the shown items, less the neutral point.
        sign: probe for negative against positive, neutral items left out; None where it cannot be asked.
        seven: probe for the labels rounded to -3 ... 3; None on another scale, or where it cannot be asked.
        names: of the classes, where classes are predicted; ``labels`` are their numbers then.
        named: probe for those; None where it cannot be asked.
    """

    coordinates: FloatArray
    labels: FloatArray
    sign: Probe | None
    seven: Probe | None
    names: tuple[str, ...] = ()
    named: Probe | None = None


@dataclass(frozen=True)
class ModalityMap:
    """Common and exclusive features of every modality, six points per item.

    Decoupling means that the modality can be read off the exclusive features and not off the common ones.

    Attributes:
        coordinates: (6 n, 2) of the picture.
        modality: (6 n,) index into ``MODALITIES``.
        is_common: (6 n,) whether the point is a common feature.
        common, exclusive: probes for the modality that a feature came from; None where it cannot be asked.
    """

    coordinates: FloatArray
    modality: IntArray
    is_common: BoolArray
    common: Probe | None
    exclusive: Probe | None


def map_by_class(
    target: Target, labels: FloatArray, common: Sequence[FloatArray], group_of: IntArray, has_seven: bool
) -> ClassMap | None:
    """The picture by what the target has of classes, where several numbers are predicted by the first; None where
    questions are answered: an item has no one class.

    Args:
        target: what is predicted.
        labels: (n, ...) of every item; less the neutral point, where numbers are predicted.
        common: (n, d) of every modality.
        group_of: (n,) number of each item's group; a probe is tested on groups that it has not seen.
        has_seven: whether labels are on the scale of -3 to 3.
    """
    features = np.concatenate(common, axis=1)
    if target.kind == "binaries":
        return None
    if target.kind == "classes":
        places, classes = _thinned(len(group_of), SHOWN_BY_CLASS), labels.astype(np.int64)
        named = linear_probe(features, classes, group_of)
        return ClassMap(
            coordinates=_embed(features[places]),
            labels=classes[places].astype(np.float64),
            sign=None,
            seven=None,
            names=target.names,
            named=named,
        )
    return _class_map(features, labels if labels.ndim == 1 else labels[:, 0], group_of, has_seven)


def _class_map(features: FloatArray, labels: FloatArray, group_of: IntArray, has_seven: bool) -> ClassMap:
    shown = _thinned(len(labels), SHOWN_BY_CLASS)
    is_signed = labels != 0
    seven = np.rint(np.clip(labels, -3, 3)).astype(np.int64)
    return ClassMap(
        coordinates=_embed(features[shown]),
        labels=labels[shown],
        sign=linear_probe(features[is_signed], (labels[is_signed] > 0).astype(np.int64), group_of[is_signed]),
        seven=linear_probe(features, seven, group_of) if has_seven else None,
    )


def map_by_modality(common: Sequence[FloatArray], exclusive: Sequence[FloatArray], group_of: IntArray) -> ModalityMap:
    """The picture by what a feature came from.

    Args:
        common, exclusive: (n, d) of every modality.
        group_of: (n,) number of each item's group; a probe is tested on groups that it has not seen.
    """
    shown = _thinned(len(group_of), SHOWN_BY_MODALITY)
    num_modalities = len(MODALITIES)
    modality = np.repeat(np.arange(num_modalities), len(group_of))
    groups = np.tile(group_of, num_modalities)
    return ModalityMap(
        coordinates=_embed(np.concatenate([features[shown] for features in (*common, *exclusive)])),
        modality=np.tile(np.repeat(np.arange(num_modalities), len(shown)), 2),
        is_common=np.repeat([True, False], num_modalities * len(shown)),
        common=linear_probe(np.concatenate(common), modality, groups),
        exclusive=linear_probe(np.concatenate(exclusive), modality, groups),
    )


def perplexity_of(num_points: int) -> float:
    """Usual values are 5 to 50; few points take less."""
    return min(PERPLEXITY, (num_points - 1) / 3)


def _thinned(num_items: int, most: int) -> IntArray:
    """At most ``most`` places, evenly spaced."""
    return np.arange(0, num_items, -(-num_items // most))


def _embed(features: FloatArray) -> FloatArray:
    """(n, 2) t-SNE coordinates: started from the first two principal components, so the same features look the same."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    scale = features.std()
    model = TSNE(perplexity=perplexity_of(len(features)), init="pca", max_iter=500, random_state=0, n_jobs=1)
    with threadpool_limits(limits=1):
        return np.asarray(model.fit_transform(features / (scale if scale > 0 else 1.0)), dtype=np.float64)
