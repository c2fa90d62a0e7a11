"""How often the product claims a difference between accuracies on few items, where there is none.

Twenty arms in ten pairs, three seeds, one split. An item is right if its margin, the same for both arms of a pair, plus
the noise of the run is positive: noise of the item, and of the run as a whole. The arms of a pair are thus exactly
equal on these items, and every verdict that names a winner is wrong. On so few items the accuracies of runs are often
equal, and so are their differences: three times +2% has no variance, and is no certainty. Where one arm of each pair is
to be better, its margins are larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.calibration.error_rates import NAMES_A_WINNER, describe_arms
from reports.records.study_description import Contrast
from reports.results.estimates import Estimator
from reports.results.fold_cell import FoldCell
from reports.results.group_replicates import CellReplicates, GroupReplicates
from reports.results.metrics import METRICS
from reports.results.results import ResultsTable, RunState
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.statistics.arrays import FloatArray

METRIC = "acc2_has0"
NUM_ITEMS = (30, 50, 100, 229)
NUM_SEEDS, NUM_PAIRS, PER_GROUP = 3, 10, 5
MARGIN = 0.6
"""Mean margin in its own deviations: some 70% of the items are right."""
WORTH = 1.0
"""What is added to the margins of better arms: some 20% more of the items are right."""
NOISES = {"quiet": (0.05, 0.0), "usual": (0.15, 0.05), "loud": (0.4, 0.2)}
"""Deviation of the noise of an item in a run, and of a run as a whole, in those of the margins."""

_ARMS = tuple(f"{side}{pair}" for pair in range(NUM_PAIRS) for side in "ab")
_PAIRS = tuple(Contrast(f"a{pair}", f"b{pair}") for pair in range(NUM_PAIRS))


@dataclass(frozen=True)
class CountedClaims:
    """any_claim: share of studies that claim a difference (wrongly, where arms are equal). shown: share of pairs whose
    better arm is claimed to be that."""

    any_claim: float
    shown: float


def count_claims(num_items: int, noise: str, worth: float, num_studies: int, seed: int) -> Mapping[str, CountedClaims]:
    """The claims of studies as the product makes them, and as it would ``without the grain``.

    worth: what the first arm of every pair has more of a margin; 0: arms are equal.
    """
    study = replace(describe_arms(_ARMS, _PAIRS), primary=METRIC, metrics=(METRIC,))
    claimed = {"with the grain": 0, "without the grain": 0}
    shown = dict(claimed)
    for number in range(num_studies):
        random = np.random.default_rng([seed, num_items, list(NOISES).index(noise), number])
        estimator = ask_hits(draw_hits(num_items, noise, worth, random))
        # A method without randomness has no grain; here nothing else depends on which arms are called so.
        plain = replace(estimator, results=replace(estimator.results, closed_forms=frozenset(_ARMS)))
        for name, asked in zip(claimed, (estimator, plain), strict=True):
            kinds = [row.verdict.kind for row in tabulate_contrasts(asked, study, [METRICS[METRIC]]).rows]
            claimed[name] += not NAMES_A_WINNER.isdisjoint(kinds)
            shown[name] += sum(kind in ("better", "better here") for kind in kinds)
    return {
        name: CountedClaims(claimed[name] / num_studies, shown[name] / (num_studies * NUM_PAIRS)) for name in claimed
    }


def draw_hits(num_items: int, noise: str, worth: float, random: np.random.Generator) -> FloatArray:
    """(A, S, n): 1 where a run is right on an item."""
    of_item, of_run = NOISES[noise]
    more = np.array([worth, 0.0])[:, None, None]
    margins = MARGIN + more + random.standard_normal((NUM_PAIRS, 1, 1, num_items))
    shape = (NUM_PAIRS, 2, NUM_SEEDS)
    shaken = of_item * random.standard_normal((*shape, num_items)) + of_run * random.standard_normal((*shape, 1))
    return (margins + shaken > 0).astype(np.float64).reshape(2 * NUM_PAIRS, NUM_SEEDS, num_items)


def ask_hits(hits: FloatArray) -> Estimator:
    """The estimator of runs on one split whose items lie in groups of :data:`PER_GROUP`."""
    num_items = hits.shape[-1]
    groups = np.arange(num_items) // PER_GROUP
    is_member = (groups == np.arange(groups.max() + 1)[:, None]).astype(np.float64)
    total = hits.sum(axis=-1, keepdims=True)
    deleted = (total - hits @ is_member.T) / (num_items - is_member.sum(axis=1))
    scores = hits.mean(axis=-1)
    results = ResultsTable(
        arms=_ARMS,
        seeds=tuple(range(NUM_SEEDS)),
        cells=(FoldCell(0, -1),),
        metrics=(METRIC,),
        scores=scores[:, :, None, None],
        state=np.full((*scores.shape, 1), int(RunState.COMPLETED), dtype=np.int64),
        num_train=np.array([4 * num_items], dtype=np.int64),
        num_test=np.array([num_items], dtype=np.int64),
        runs={},
    )
    names = tuple(f"{group:04d}" for group in range(len(is_member)))
    return Estimator(results, GroupReplicates(results, (CellReplicates(names, deleted[:, :, None, :]),)))
