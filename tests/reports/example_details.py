"""What trials show of their test items, made up with known structure: what the tests of edges and features read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reports.records.details import Details, ReadDetails
from reports.records.run_record import RunRecord
from reports.sections.model_inside.edges import MODALITIES
from tests.reports.example_studies import make_predictions

NUM_GROUPS, PER_GROUP, WIDTH = 6, 8, 5


def with_predictions(records: Sequence[RunRecord]) -> list[RunRecord]:
    """The same records, each completed confirm trial with predictions of 48 items in 6 groups."""
    return [
        replace(record, predictions=make_predictions(NUM_GROUPS, PER_GROUP, 0.1, record.seed))
        if record.test is not None
        else record
        for record in records
    ]


def make_edges(weights: Sequence[float], num_items: int = 48, spread: float = 0.0, seed: int = 0) -> np.ndarray:
    """(n, 6) float32: ``weights`` for every item, give or take ``spread``."""
    noise = spread * np.random.default_rng(seed).standard_normal((num_items, 6))
    return (np.asarray(weights) + noise).astype(np.float32)


def make_features(labels: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Features: the sign of the label shows in the common space alone, the modality in the exclusive one alone."""
    random = np.random.default_rng(seed)
    features = {}
    for place, modality in enumerate(MODALITIES):
        common = random.standard_normal((len(labels), WIDTH))
        common[:, 0] += 3 * np.sign(labels)
        exclusive = random.standard_normal((len(labels), WIDTH))
        exclusive[:, 1] += 6 * place
        features[f"common/{modality}"] = common.astype(np.float32)
        features[f"exclusive/{modality}"] = exclusive.astype(np.float32)
    return features


def reader(details: Mapping[str, Details]) -> ReadDetails:
    return details.get


def details_of(records: Sequence[RunRecord], without: Sequence[str] = ("plain", "ridge")) -> dict[str, Details]:
    """Edges and features for every completed confirm trial of arms that are not ``without`` them."""
    found: dict[str, Details] = {}
    for record in records:
        if record.predictions is not None and record.arm not in without:
            edges = make_edges([1 / 6] * 6, spread=0.01, seed=record.seed)
            features = make_features(record.predictions.labels, record.seed)
            found[record.trial_id] = {"edges/homo": edges, "edges/hetero": edges, **features}
    return found
