"""What the features of one run look like, and how much can be read off them.

The picture is a t-SNE (van der Maaten and Hinton 2008, *Visualizing Data using t-SNE*): it keeps neighbours together
and nothing else; sizes of clusters and distances between them mean nothing, and it shows clusters where there are none.
So no picture goes without a number that was computed on the features themselves: see
:mod:`reports.sections.model_inside.probe`.

One run per arm is shown, the first by fold and seed, so that nobody chose it for its looks.

Legend: ``n`` test items, ``d`` features of a modality.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from reports.in_turn import MapItems, in_turn
from reports.records.details import Details, ReadDetails
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.records.target import Target
from reports.results.fold_cell import cell_of
from reports.results.results import ResultsTable
from reports.sections.model_inside.edges import MODALITIES
from reports.sections.model_inside.probe import Probe, linear_probe
from reports.sections.model_inside.why_none import why_none
from reports.statistics.arrays import BoolArray, FloatArray, IntArray

MOST_ARMS = 3
"""Arms that are shown; each costs seconds."""

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


@dataclass(frozen=True)
class FeatureMap:
    """The features of one named run.

    Attributes:
        arm, label: its name; as printed.
        trial_id, seed, cell: of the run.
        num_items, num_groups: shown items, and the groups that they are from.
        perplexity: of the two pictures, (by class, by modality).
        by_class, by_modality: the pictures; the first is None where questions are answered: an item has no one class.
    """

    arm: str
    label: str
    trial_id: str
    seed: int
    cell: str
    num_items: int
    num_groups: int
    perplexity: tuple[float, float]
    by_class: ClassMap | None
    by_modality: ModalityMap


@dataclass(frozen=True)
class FeatureMaps:
    """The maps that a report shows.

    Attributes:
        maps: one per shown arm.
        others: arms with features that are not shown.
        note: why there are no maps; empty if there are some.
    """

    maps: tuple[FeatureMap, ...]
    others: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class _Shown:
    """An arm whose features are shown: the run, and what it kept of every item."""

    label: str
    record: RunRecord
    predictions: Predictions
    details: Details

    def features(self, kind: str) -> list[FloatArray]:
        """(n, d) of every modality. kind: ``common`` or ``exclusive``."""
        return [np.asarray(self.details[f"{kind}/{modality}"], dtype=np.float64) for modality in MODALITIES]

    def labels(self, study: StudyDescription) -> FloatArray:
        """(n, ...) of every item; less the neutral point, where numbers are predicted."""
        is_number = study.target.kind in ("regression", "several")
        labels = self.predictions.centred(study.neutral)[0] if is_number else self.predictions.labels
        return np.asarray(labels, dtype=np.float64)

    def group_of(self) -> IntArray:
        """(n,) number of each item's group."""
        return np.unique(self.predictions.groups, return_inverse=True)[1].astype(np.int64)


def feature_maps(
    study: StudyDescription, results: ResultsTable, read_details: ReadDetails, map_items: MapItems = in_turn
) -> FeatureMaps:
    """The maps of :data:`MOST_ARMS` arms whose runs kept common and exclusive features.

    The baseline first, then those with the fewest components: what decoupling alone does to features stands beside what
    the whole model does.

    Args:
        study, results: what was planned, and the runs.
        read_details: trial id -> what it kept of every test item.
        map_items: goes through the pictures, each of which takes a second.
    """
    shown: list[_Shown] = []
    others: list[str] = []
    has_details = False
    for arm in sorted(study.arms, key=lambda arm: (arm.name != study.baseline, sum(arm.components.values()))):
        record = _first_run(results, arm.name)
        details = None if record is None else read_details(record.trial_id)
        has_details |= details is not None
        if record is None or record.predictions is None or details is None or not _has_features(details, record):
            continue
        if not record.predictions.fit(study.target):
            continue
        if len(shown) < MOST_ARMS:
            shown.append(_Shown(arm.label, record, record.predictions, details))
        else:
            others.append(arm.label)
    if shown:
        # Once, before the work is shared among processes.
        import sklearn.linear_model
        import sklearn.manifold
        import sklearn.model_selection  # noqa: F401

        has_seven = "acc7" in study.metrics
        # Those that take longest first. Each is told what it needs and no more: who keeps results knows it by that.
        draws: list[Callable[[], object]] = [
            *(
                partial(_modality_map, one.features("common"), one.features("exclusive"), one.group_of())
                for one in shown
            ),
            *(
                partial(_by_class, study.target, one.labels(study), one.features("common"), one.group_of(), has_seven)
                for one in shown
            ),
        ]
        drawn = map_items(lambda draw: draw(), draws)
        pairs = zip(shown, drawn[len(shown) :], drawn, strict=False)
        return FeatureMaps(
            tuple(_map(one, cast("ClassMap | None", first), cast(ModalityMap, second)) for one, first, second in pairs),
            tuple(others),
        )
    return FeatureMaps((), note=why_none(study, results, "no arm decouples features", has_details))


def _first_run(results: ResultsTable, arm: str) -> RunRecord | None:
    """The completed run of an arm that comes first by cell, then by seed."""
    runs = [
        ((cell, seed), record) for (seed, cell), record in results.runs_of(arm).items() if record.status == "completed"
    ]
    return min(runs, key=lambda run: run[0])[1] if runs else None


def _has_features(details: Details, record: RunRecord) -> bool:
    names = [f"{kind}/{modality}" for kind in ("common", "exclusive") for modality in MODALITIES]
    arrays = [details[name] for name in names if name in details]
    n = len(record.predictions.ids) if record.predictions is not None else 0
    is_usable = all(array.ndim == 2 and len(array) == n and np.isfinite(array).all() for array in arrays)
    return len(arrays) == len(names) and is_usable and n >= 10


def _map(shown: _Shown, by_class: ClassMap | None, by_modality: ModalityMap) -> FeatureMap:
    record = shown.record
    return FeatureMap(
        arm=record.arm,
        label=shown.label,
        trial_id=record.trial_id,
        seed=record.seed,
        cell=cell_of(record.repeat, record.fold).name,
        num_items=len(shown.predictions.ids),
        num_groups=int(shown.group_of().max()) + 1,
        perplexity=(
            _perplexity(0 if by_class is None else len(by_class.coordinates)),
            _perplexity(len(by_modality.coordinates)),
        ),
        by_class=by_class,
        by_modality=by_modality,
    )


def _by_class(
    target: Target, labels: FloatArray, common: Sequence[FloatArray], group_of: IntArray, has_seven: bool
) -> ClassMap | None:
    """The picture by what the target has of classes. Where several numbers are predicted, by the first.

    labels: less the neutral point, where numbers are predicted.
    """
    features = np.concatenate(common, axis=1)
    if target.kind == "binaries":
        return None
    if target.kind == "classes":
        places, classes = _thinned(len(group_of), SHOWN_BY_CLASS), labels.astype(np.int64)
        named = linear_probe(features, classes, group_of)
        return ClassMap(_embed(features[places]), classes[places].astype(np.float64), None, None, target.names, named)
    return _class_map(features, labels if labels.ndim == 1 else labels[:, 0], group_of, has_seven)


def _thinned(num_items: int, most: int) -> IntArray:
    """At most ``most`` places, evenly spaced."""
    return np.arange(0, num_items, -(-num_items // most))


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


def _modality_map(common: Sequence[FloatArray], exclusive: Sequence[FloatArray], group_of: IntArray) -> ModalityMap:
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


def _perplexity(num_points: int) -> float:
    """Usual values are 5 to 50; few points take less."""
    return min(PERPLEXITY, (num_points - 1) / 3)


def _embed(features: FloatArray) -> FloatArray:
    """(n, 2) t-SNE coordinates: started from the first two principal components, so the same features look the same."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    scale = features.std()
    model = TSNE(perplexity=_perplexity(len(features)), init="pca", max_iter=500, random_state=0, n_jobs=1)
    with threadpool_limits(limits=1):
        return np.asarray(model.fit_transform(features / (scale if scale > 0 else 1.0)), dtype=np.float64)
