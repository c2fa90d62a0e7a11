"""Do 95% intervals cover 95%, and are claims wrong as rarely as they say? Checked against planted truth.

    python -m benchmarks.calibration [--metric NAME] [--seed S] [--quick]

Coverage comes from studies that draw videos and train real ridge arms (:mod:`benchmarks.calibration.worlds`), error
rates and power from a normal model (:mod:`benchmarks.calibration.error_rates`). Every interval, p-value and verdict is
computed by the product's own code. Full: 2,000 studies for coverage, 20,000 for error rates and 6,000 of accuracies,
about 20 minutes on one core; ``--quick``: a tenth of them, two to three minutes, and correspondingly rough.

The last line is JSON. rerun_coverage: of single contrasts, by seeds per fold. new_data_coverage: of single contrasts,
by *repeats* of the five grouped folds (3 seeds each). familywise_error: share of studies that claim a difference where
there is none, pooled over all contrasts null and some null and 2 to 20 seeds; the larger of claims at all and claims
for new videos. power: share of true differences of 0.5, 1 and
2 run deviations that are claimed the right way round (3 seeds, five folds, Holm over six). shapley_coverage: both
questions (3 seeds; 1 to 5 repeats). accuracy_familywise_error: share of studies that claim a difference between equal
accuracies, by items of the one split (3 seeds, ten contrasts). studies: for coverage.

``--metric macro_f1`` (or another of classes) asks for coverage alone, on planted classes
(:mod:`benchmarks.calibration.class_worlds`): both questions on five folds, and new data on one official split by the
jackknife, each with 3, 5, 10 and 20 seeds. Full: 640 studies of either design, three minutes; ``--quick``: half a
minute.
"""

from __future__ import annotations

import argparse
import json

from benchmarks.calibration import accuracies
from benchmarks.calibration.class_coverage import CLASS_METRICS, CLASS_QUESTIONS, tally_folds, tally_official
from benchmarks.calibration.class_worlds import CLASS_WORLDS
from benchmarks.calibration.coverage import SEEDS_OF_REPEATS, Tallies, tally_world
from benchmarks.calibration.error_rates import Claims, count_claims
from benchmarks.calibration.worlds import WORLDS

NUM_COVERAGE, NUM_ERRORS, NUM_POWER, NUM_ACCURACIES = 2_000, 20_000, 1_500, 6_000
NUM_CLASS_STUDIES = 640
QUICK_SHARE = 10
SEED_COUNTS = (2, 3, 5, 10, 20)
EFFECTS = (0.5, 1.0, 2.0)
POWER_SEEDS = 3
DESIGNS = {
    "all six nothing": {},
    # CA is worth a run deviation: of the six edges two are real and four are nothing.
    "four of six nothing": {"ca": 1.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies: one to two minutes")
    metrics = ("mae", *CLASS_METRICS)
    parser.add_argument("--metric", choices=metrics, default="mae", metavar="NAME", help=", ".join(metrics))
    options = parser.parse_args()
    share = QUICK_SHARE if options.quick else 1
    if options.metric != "mae":
        print(json.dumps(cover_classes(options.metric, NUM_CLASS_STUDIES // share, options.seed)))
        return
    tallies = cover(NUM_COVERAGE // share, options.seed)
    familywise = err(NUM_ERRORS // share, options.seed)
    power = show(NUM_POWER // share, options.seed)
    counted = count(NUM_ACCURACIES // share, options.seed)
    edges = {question: tallies.pooled(question, "edge") for question in ("rerun", "new data")}
    shapley = [
        tallies.pooled("rerun", "Shapley value")[SEEDS_OF_REPEATS],
        *(tally for count, tally in tallies.pooled("new data", "Shapley value").items() if count <= 5),
    ]
    summary = {
        "rerun_coverage": {str(count): _rounded(edges["rerun"][count].coverage) for count in (3, 5, 10, 20)},
        "new_data_coverage": {str(count): _rounded(edges["new data"][count].coverage) for count in (3, 5)},
        "familywise_error": _rounded(familywise),
        "power": {f"{effect:g}": _rounded(claims.shown) for effect, claims in power.items()},
        "shapley_coverage": _rounded(sum(t.covered for t in shapley) / sum(len(t.misses) for t in shapley)),
        "accuracy_familywise_error": {str(items): _rounded(rate) for items, rate in counted.items()},
        "studies": tallies.num_studies,
    }
    print(json.dumps(summary))


def cover(num_studies: int, seed: int) -> Tallies:
    """Coverage and width, printed as they are known."""
    each = num_studies // len(WORLDS)
    tallies = Tallies()
    for number, world in enumerate(WORLDS):
        tallies.take(tally_world(world, each, num_targets=2 * each, num_long=each // 10, seed=seed * 100 + number))
        print(f"{each} studies of {world.name}", flush=True)
    print(
        "\nCoverage of 95% intervals over all shapes and effects (lowest and highest of one effect on one shape);\n"
        "mean half-width over that of an oracle who knows the spread of the value; number of intervals."
    )
    for kind in tallies.kinds:
        for question, unit in (("rerun", "seeds"), ("new data", f"repeats of {SEEDS_OF_REPEATS} seeds")):
            for count, tally in tallies.pooled(question, kind).items():
                low, high = tallies.extremes(question, kind, count)
                name = f"{kind}, {question}, {count} {unit}"
                width = tallies.width(question, kind, count)
                spread = f"({low:.3f} to {high:.3f})"
                print(f"  {name:46s} {tally.coverage:.3f} {spread}, width {width:.2f}, n = {len(tally.misses)}")
    return tallies


def cover_classes(metric: str, num_studies: int, seed: int) -> dict[str, object]:
    """Coverage of a metric of classes, printed as it is known; the summary."""
    each = num_studies // len(CLASS_WORLDS)
    tallies = Tallies()
    for number, world in enumerate(CLASS_WORLDS):
        world_seed = seed * 100 + number
        tallies.take(tally_folds(world, metric, each, num_targets=2 * each, seed=world_seed))
        tallies.take(tally_official(world, metric, each, seed=world_seed))
        print(f"{each} studies of {world.name}, of either design", flush=True)
    print(
        f"\nCoverage of 95% intervals of {metric} over all shapes and effects (lowest and highest of one effect on one "
        "shape);\nmean half-width over that of an oracle who knows the spread of the value; number of intervals."
    )
    summary: dict[str, object] = {"metric": metric}
    for question in CLASS_QUESTIONS:
        covered: dict[str, float] = {}
        for kind in tallies.kinds:
            for count, tally in tallies.pooled(question, kind).items():
                low, high = tallies.extremes(question, kind, count)
                width = tallies.width(question, kind, count)
                name, spread = f"{kind}, {question}, {count} seeds", f"({low:.3f} to {high:.3f})"
                print(f"  {name:46s} {tally.coverage:.3f} {spread}, width {width:.2f}, n = {len(tally.misses)}")
                covered[f"{kind}, {count} seeds"] = _rounded(tally.coverage)
        summary[question] = covered
    return {**summary, "studies": 2 * each * len(CLASS_WORLDS)}


def err(num_studies: int, seed: int) -> float:
    """Share of studies with a wrong claim, pooled over numbers of seeds and designs: the worse of the two kinds."""
    each = num_studies // (2 * len(SEED_COUNTS) * len(DESIGNS))
    pooled = []
    for videos_differ in (False, True):
        where = "for new videos (arms are unequal on single videos)" if videos_differ else "at all (arms are equal)"
        print(f"\nStudies that wrongly claim a difference {where}, {each} each:")
        rates = []
        for number, (design, worth) in enumerate(DESIGNS.items()):
            for num_seeds in SEED_COUNTS:
                claims = count_claims(worth, num_seeds, each, videos_differ, seed * 100 + 10 * videos_differ + number)
                rates.append(claims.familywise)
                print(f"  {design}, {num_seeds} seeds: {rates[-1]:.4f}", flush=True)
        pooled.append(sum(rates) / len(rates))
        print(f"  all of these: {pooled[-1]:.4f}")
    return max(pooled)


def show(num_studies: int, seed: int) -> dict[float, Claims]:
    """Effect in run deviations -> how often it is claimed."""
    print(f"\nTrue differences that are claimed, {POWER_SEEDS} seeds ({num_studies} studies of six contrasts each):")
    found = {}
    for number, effect in enumerate(EFFECTS):
        worth = dict.fromkeys(("fd", "homo_gd", "ca", "hetero_gd"), effect)
        claims = count_claims(worth, POWER_SEEDS, num_studies, True, seed * 100 + 50 + number)
        found[effect] = claims
        also = f"{claims.shown_twice:.3f} also for new videos"
        print(f"  {effect:g} run deviations: {claims.shown:.3f} on these data, {also}", flush=True)
    return found


def count(num_studies: int, seed: int) -> dict[int, float]:
    """Items -> share of studies that wrongly claim a difference between accuracies on so many."""
    each = num_studies // (len(accuracies.NUM_ITEMS) * len(accuracies.NOISES))
    extent = f"{accuracies.NUM_SEEDS} seeds, {accuracies.NUM_PAIRS} contrasts, {each} studies each"
    print(f"\nAccuracies on one split, {extent}:")
    found = {}
    for num_items in accuracies.NUM_ITEMS:
        rates = []
        for noise in accuracies.NOISES:
            equal = accuracies.count_claims(num_items, noise, 0.0, each, seed)
            unequal = accuracies.count_claims(num_items, noise, accuracies.WORTH, each // 10, seed)
            rates.append(equal["with the grain"].any_claim)
            told = ", ".join(f"{claims.any_claim:.4f} {name}" for name, claims in equal.items())
            power = ", ".join(f"{claims.shown:.2f}" for claims in unequal.values())
            print(f"  {num_items} items, {noise} runs: wrong {told}; true differences shown {power}", flush=True)
        found[num_items] = sum(rates) / len(rates)
    return found


def _rounded(share: float) -> float:
    return round(float(share), 4)


if __name__ == "__main__":
    main()
