"""Small studies of classes, yes-or-no questions and several numbers, with known effects: record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.records.target import Target
from reports.statistics.scores.find import scores_of
from tests.reports.example_studies import make_record, make_study

EMOTIONS = ("neutral", "happy", "sad", "angry")
RATES = (0.45, 0.25, 0.2, 0.1)
"""How often each of :data:`EMOTIONS` occurs."""

CLASSES = Target("classes", EMOTIONS)
BINARIES = Target("binaries", EMOTIONS)
SEVERAL = Target("several", ("whole", "text", "audio"))

METRICS_OF: Mapping[Target, tuple[str, ...]] = {
    CLASSES: ("macro_f1", "nll", "acc", "uar", "weighted_f1", *(f"f1_{name}" for name in EMOTIONS)),
    BINARIES: ("weighted_f1", "nll", "acc", "uar", *(f"{kind}_{name}" for name in EMOTIONS for kind in ("acc", "f1"))),
    SEVERAL: (
        "mae",
        "corr",
        "acc2_has0",
        "f1_has0",
        *(f"{m}_{name}" for name in SEVERAL.names[1:] for m in ("mae", "corr")),
    ),
}
"""Target -> the metrics that such a study records, the primary one first."""

NUM_GROUPS, PER_GROUP = 24, 10


def make_emotion_study(
    target: Target, arms: Sequence[str] = ("full", "no_ca"), num_folds: int = 5, seeds: Sequence[int] = (1, 2, 3)
) -> StudyDescription:
    """A study of ``target``. num_folds: 0 for one official split."""
    folds = tuple(range(num_folds)) if num_folds else (None,)
    study = make_study(arms, seeds=seeds, folds=folds)
    metrics = METRICS_OF[target]
    objective = "mae" if target.is_numeric else "nll"
    data = {
        "name": "iemocap_toy",
        "num_items": NUM_GROUPS * PER_GROUP * max(1, num_folds),
        "num_groups": NUM_GROUPS * max(1, num_folds),
        "groups_are": "dialogues",
        "protocol": "Five folds by dialogue." if num_folds else "Official split.",
        "target": {"kind": target.kind, "names": list(target.names)},
    }
    search = {**study.search, "objective": f"valid/{objective}"}
    return replace(study, study="emotions", primary=metrics[0], metrics=metrics, data=data, search=search)


def make_emotion_records(study: StudyDescription, skill_of: Mapping[str, float], seed: int = 0) -> list[RunRecord]:
    """A record for every planned trial. skill_of: arm -> how clearly it tells one thing from another."""
    records, names = [], [arm.name for arm in study.arms]
    for planned in study.planned:
        stream = (seed + planned.seed, names.index(planned.arm))
        predictions = draw_predictions(study.target, skill_of[planned.arm], planned.fold or 0, stream)
        constant = constant_of(study.target)
        metric = study.search["objective"].removeprefix("valid/")
        test = scores_for(study, predictions)
        record = make_record(
            planned.arm,
            planned.seed,
            planned.fold,
            0.9,
            study=study.study,
            valid={metric: test[metric] + 0.01},
            test=test,
            epochs=(),
            fallback_test=scores_for(study, always(predictions, constant)),
            fallback_value=constant,
            predictions=predictions,
            num_test=len(predictions.ids),
        )
        records.append(record)
    return records


def draw_predictions(target: Target, skill: float, fold: int, stream: tuple[int, int]) -> Predictions:
    """Predictions of one run on one fold; labels and groups depend on the fold alone. stream: of the run's noise."""
    of_data, of_run = np.random.default_rng([7, fold]), np.random.default_rng([*stream, fold])
    num_items = NUM_GROUPS * PER_GROUP
    groups = tuple(f"dialogue{fold}-{group}" for group in range(NUM_GROUPS) for _ in range(PER_GROUP))
    ids = tuple(f"{group}_{place}" for place, group in enumerate(groups))
    num_names = len(target.names)
    of_groups = np.repeat(of_data.normal(0, 0.5, (NUM_GROUPS, num_names)), PER_GROUP, axis=0)
    hard = of_data.normal(0, 0.8, (num_items, num_names)) + of_groups
    noise = of_run.normal(0, 0.5, (num_items, num_names)) + of_run.normal(0, 0.15, num_names)
    if target.kind == "classes":
        classes = of_data.choice(num_names, num_items, p=RATES)
        logits = skill * np.eye(num_names)[classes] + hard + noise + np.log(RATES)
        labels, values = classes, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    elif target.kind == "binaries":
        labels = (of_data.uniform(size=(num_items, num_names)) < RATES).astype(int)
        values = 1 / (1 + np.exp(-(skill * (labels - 0.5) * 2 + hard + noise - 0.5)))
    else:
        labels = np.round(of_data.uniform(-1, 1, (num_items, num_names)), 1)
        values = labels + (hard + noise) / (1 + skill)
    return Predictions(ids, groups, labels.astype(np.float32), values.astype(np.float32))


def constant_of(target: Target) -> tuple[float, ...]:
    """What a predictor that looks at nothing answers."""
    return RATES if not target.is_numeric else (0.1,) * len(target.names)


def always(predictions: Predictions, answer: Sequence[float]) -> Predictions:
    """The same items, all with the same answer."""
    values = np.broadcast_to(np.float32(answer), predictions.values.shape).copy()
    return replace(predictions, values=values)


def scores_for(study: StudyDescription, predictions: Predictions) -> dict[str, float]:
    """Every metric of the study."""
    labels, values = predictions.labels.astype(np.float64), predictions.values.astype(np.float64)
    scores = scores_of(study.target.kind, study.target.names)
    return {
        name: float(scores[name].from_sums(scores[name].contributions(labels, values).sum(axis=0)))
        for name in study.metrics
    }
