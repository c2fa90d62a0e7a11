"""How often the product claims a difference, on a normal model in which the truth is known.

Six arms as in Table 3 of the paper, five folds, thirty videos. A video moves the scores of all arms alike and, where
*videos differ*, those of each arm on its own; a run adds noise, in part shared by the arms of its seed. Differences are
given in standard deviations of a single run. What is counted are the verdicts of the report.

Where videos do not differ, arms of equal worth are equal on these very data, so any verdict that names a winner among
them is wrong. Where they do, arms of equal worth are unequal on these data by chance, and "better on these data" is
true; wrong are the verdicts that name a winner for new videos.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.measured import METRIC, ask
from reports.records.study_description import ArmDescription, Contrast, StudyDescription
from reports.results.estimates import Estimator
from reports.results.metrics import METRICS
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.statistics.arrays import FloatArray
from reports.statistics.verdict import VerdictKind

ROWS: Mapping[str, tuple[str, ...]] = {
    "full": ("fd", "homo_gd", "ca", "hetero_gd"),
    "no-hetero": ("fd", "homo_gd", "ca"),
    "no-ca": ("fd", "homo_gd", "hetero_gd"),
    "no-ca-hetero": ("fd", "homo_gd"),
    "only-fd": ("fd",),
    "none": (),
}
EDGES = (
    Contrast("full", "no-hetero"),
    Contrast("full", "no-ca"),
    Contrast("no-hetero", "no-ca-hetero"),
    Contrast("no-ca", "no-ca-hetero"),
    Contrast("no-ca-hetero", "only-fd"),
    Contrast("only-fd", "none"),
)
NUM_FOLDS, VIDEOS_PER_FOLD = 5, 6
SHARED_BY_SEED = 0.3
VIDEO_NOISE = 1.0
"""Standard deviation, in run deviations, of what a video adds to one arm's score alone where videos differ."""

_FOR_NEW_VIDEOS: frozenset[VerdictKind] = frozenset({"better", "worse"})
NAMES_A_WINNER: frozenset[VerdictKind] = frozenset({"better", "worse", "better here", "worse here"})


@dataclass(frozen=True)
class Claims:
    """Shares over studies. familywise: studies with a wrong claim on an edge whose difference is nothing.

    shown: edges with a difference that were claimed the right way round. shown_twice: claimed for new videos too.
    """

    familywise: float
    shown: float
    shown_twice: float


def count_claims(
    worth: Mapping[str, float], num_seeds: int, num_studies: int, videos_differ: bool, seed: int
) -> Claims:
    """Simulate studies in which each component lowers the error by ``worth`` run deviations (0 where not named)."""
    study = describe_arms(ROWS, EDGES)
    means = np.array([-sum(worth.get(name, 0.0) for name in on) for on in ROWS.values()])
    names = list(ROWS)
    gaps = [means[names.index(edge.first)] - means[names.index(edge.second)] for edge in EDGES]
    num_wrong, num_shown, num_shown_twice = 0, 0, 0
    for number in range(num_studies):
        random = np.random.default_rng([seed, num_seeds, number])
        estimator = _draw_study(means, num_seeds, VIDEO_NOISE if videos_differ else 0.0, random)
        kinds = [row.verdict.kind for row in tabulate_contrasts(estimator, study, [METRICS[METRIC]]).rows]
        of_nothing = {kind for kind, gap in zip(kinds, gaps, strict=True) if gap == 0}
        of_something = [kind for kind, gap in zip(kinds, gaps, strict=True) if gap < 0]
        num_wrong += not of_nothing.isdisjoint(_FOR_NEW_VIDEOS if videos_differ else NAMES_A_WINNER)
        num_shown += sum(kind in ("better", "better here") for kind in of_something)
        num_shown_twice += sum(kind == "better" for kind in of_something)
    num_real = max(sum(gap < 0 for gap in gaps) * num_studies, 1)
    return Claims(num_wrong / num_studies, num_shown / num_real, num_shown_twice / num_real)


def _draw_study(means: FloatArray, num_seeds: int, video_noise: float, random: np.random.Generator) -> Estimator:
    num_arms, num_videos = len(means), NUM_FOLDS * VIDEOS_PER_FOLD
    # Far from zero, so that an error is an error; a constant changes no difference.
    of_all, of_arm = random.standard_normal(num_videos), random.standard_normal((num_arms, num_videos))
    of_videos = 50 + 2 * of_all + video_noise * of_arm
    shared = random.standard_normal((1, num_seeds, NUM_FOLDS))
    own = random.standard_normal((num_arms, num_seeds, NUM_FOLDS))
    runs = np.sqrt(SHARED_BY_SEED) * shared + np.sqrt(1 - SHARED_BY_SEED) * own + means[:, None, None]
    videos = [np.arange(fold, num_videos, NUM_FOLDS) for fold in range(NUM_FOLDS)]
    errors = [(runs[:, :, fold, None] + of_videos[:, None, tested])[..., None] for fold, tested in enumerate(videos)]
    return ask(tuple(ROWS), errors, videos)


def describe_arms(names: Iterable[str], contrasts: tuple[Contrast, ...]) -> StudyDescription:
    """A study of these arms."""
    arms = tuple(ArmDescription(name, name, "ablation", "dmd", {}) for name in names)
    return StudyDescription(
        study="calibration",
        arms=arms,
        baseline=arms[0].name,
        contrasts=contrasts,
        primary=METRIC,
        metrics=(METRIC,),
        planned=(),
        search={},
        confirm={},
        data={},
        provenance={},
    )
