"""What a race of arms costs and loses, against running every arm to the end: errors, power, trials saved.

    python -m benchmarks.racing [--quick] [--seed 0]

Simulated studies on one split: a baseline and five arms whose true differences are 0, 0, 0.5, 1 and 2 run standard
deviations, all compared with the one baseline, so that their errors are correlated. Every study is analysed three ways
from the same numbers: raced (looks at 5, 8, 12, 16 and 20 seeds, the smallest difference that matters one standard
deviation), with all 20 seeds at once, and with the mistake that racing avoids: the test of 20 seeds applied at every
look. The baseline's trials count, and it runs until the last contrast is decided. Power is the share of true
differences that are shown. The full form (20,000 studies) takes seconds on one core.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import numpy as np
from scipy import stats

from reports.statistics.arrays import BoolArray, FloatArray
from reports.statistics.interim.racing import LEVEL, InterimLook, RaceRule, RaceState, interim_analysis, reject_by_holm

EFFECTS = np.array([0.0, 0.0, 0.5, 1.0, 2.0])
NUM_STUDIES, NUM_QUICK = 20_000, 4_000
RULE = RaceRule((5, 8, 12, 16, 20), smallest_effect=1.0)


@dataclass(frozen=True)
class Result:
    """Over (N, K) studies and contrasts: what was shown, and the trials (N,) that it took, baseline included."""

    is_shown: BoolArray
    num_trials: FloatArray

    def familywise_error(self, effects: FloatArray) -> float:
        """The share of studies in which a difference of zero was shown."""
        return float(self.is_shown[:, effects == 0].any(axis=1).mean())

    def power(self, effects: FloatArray) -> float:
        """The share of true differences that were shown."""
        return float(self.is_shown[:, effects != 0].mean())


def simulate(effects: FloatArray, num_studies: int, seed: int) -> FloatArray:
    """(N, K, S) differences to the shared baseline by seed; single runs have standard deviation 1."""
    random = np.random.default_rng(seed)
    runs = random.standard_normal((num_studies, effects.size + 1, RULE.looks[-1]))
    return np.asarray(runs[:, 1:] - runs[:, :1] + effects[:, None])


def look_at(differences: FloatArray) -> InterimLook:
    """Student's one-sample t of the differences (N, K, n) so far."""
    num = differences.shape[2]
    means = differences.mean(axis=2)
    std_errors = differences.std(axis=2, ddof=1) / np.sqrt(num)
    return InterimLook(2 * stats.t.sf(np.abs(means) / std_errors, num - 1), means, std_errors)


def race(differences: FloatArray) -> Result:
    """Every study raced; a contrast that is decided gets no further runs."""
    num_studies, num_contrasts, _ = differences.shape
    state = RaceState.at_start(num_studies, num_contrasts)
    trials = np.zeros(num_studies)
    before = 0
    for number, repeats in enumerate(RULE.looks):
        racing = state.is_racing
        trials += (repeats - before) * (racing.sum(axis=1) + racing.any(axis=1))
        before = repeats
        seen = look_at(differences[:, :, :repeats])
        hidden = (np.where(racing, part, np.nan) for part in (seen.p_values, seen.differences, seen.std_errors))
        state = interim_analysis(RULE, state, number, InterimLook(*hidden))
    return Result(state.is_shown, trials)


def run_all(differences: FloatArray) -> Result:
    """Every seed of every arm, one test at the end."""
    num_studies, num_contrasts, num_seeds = differences.shape
    shown = reject_by_holm(look_at(differences).p_values, LEVEL)
    return Result(shown, np.full(num_studies, float(num_seeds * (num_contrasts + 1))))


def peek(differences: FloatArray) -> Result:
    """The test of the end applied at every look, claiming whatever it shows once."""
    shown = np.zeros(differences.shape[:2], dtype=bool)
    for repeats in RULE.looks:
        shown |= reject_by_holm(look_at(differences[:, :, :repeats]).p_values, LEVEL)
    return Result(shown, np.full(differences.shape[0], np.nan))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{NUM_QUICK} studies instead of {NUM_STUDIES}")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    num_studies = NUM_QUICK if options.quick else NUM_STUDIES
    differences = simulate(EFFECTS, num_studies, options.seed)
    raced, whole, peeked = race(differences), run_all(differences), peek(differences)
    for name, result in (("raced", raced), ("20 seeds", whole), ("peeking", peeked)):
        shares = ", ".join(f"{share:.3f}" for share in result.is_shown.mean(axis=0))
        error = result.familywise_error(EFFECTS)
        print(f"{name}: shown {shares} at effects {EFFECTS.tolist()}; familywise error {error:.4f}")
    null = simulate(np.zeros(EFFECTS.size), num_studies, options.seed + 1)
    alone = simulate(np.zeros(1), num_studies, options.seed + 2)
    for name, nothing in (("five effects of zero", null), ("one effect of zero", alone)):
        raced_error, peeked_error = (run(nothing).is_shown.any(axis=1).mean() for run in (race, peek))
        print(f"{name}: familywise error raced {raced_error:.4f}, peeking {peeked_error:.4f}")
    figures = {
        "familywise_error": round(raced.familywise_error(EFFECTS), 4),
        "power_ratio": round(raced.power(EFFECTS) / whole.power(EFFECTS), 4),
        "saved": round(1 - float(raced.num_trials.mean() / whole.num_trials.mean()), 4),
        "studies": num_studies,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
