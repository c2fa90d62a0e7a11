"""What the features of a run look like, and how much can be read off them: of which arms and runs.

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
from reports.results.fold_cell import cell_of
from reports.results.results import ResultsTable
from reports.sections.model_inside.edges import MODALITIES
from reports.sections.model_inside.feature_pictures import (
    ClassMap,
    ModalityMap,
    map_by_class,
    map_by_modality,
    perplexity_of,
)
from reports.sections.model_inside.why_none import why_none
from reports.statistics.arrays import FloatArray, IntArray

MOST_ARMS = 3
"""Arms that are shown; each costs seconds."""


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
        is_numeric = study.target.is_numeric
        labels = self.predictions.centred(study.neutral)[0] if is_numeric else self.predictions.labels
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
    if not shown:
        return FeatureMaps((), note=why_none(study, results, "no arm decouples features", has_details))
    return FeatureMaps(_draw(shown, study, map_items), tuple(others))


def _draw(shown: Sequence[_Shown], study: StudyDescription, map_items: MapItems) -> tuple[FeatureMap, ...]:
    """Both pictures of every arm."""
    # Once, before the work is shared among processes.
    import sklearn.linear_model
    import sklearn.manifold
    import sklearn.model_selection  # noqa: F401

    has_seven = "acc7" in study.metrics
    # Those that take longest first. Each is told what it needs and no more: who keeps results knows it by that.
    draws: list[Callable[[], object]] = [
        *(partial(map_by_modality, one.features("common"), one.features("exclusive"), one.group_of()) for one in shown),
        *(
            partial(map_by_class, study.target, one.labels(study), one.features("common"), one.group_of(), has_seven)
            for one in shown
        ),
    ]
    drawn = map_items(lambda draw: draw(), draws)
    by_modality, by_class = drawn[: len(shown)], drawn[len(shown) :]
    return tuple(
        _map(one, cast("ClassMap | None", of_classes), cast(ModalityMap, of_modalities))
        for one, of_classes, of_modalities in zip(shown, by_class, by_modality, strict=True)
    )


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
            perplexity_of(0 if by_class is None else len(by_class.coordinates)),
            perplexity_of(len(by_modality.coordinates)),
        ),
        by_class=by_class,
        by_modality=by_modality,
    )
