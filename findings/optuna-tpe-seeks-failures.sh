#!/usr/bin/env bash
# A failed trial tells Optuna's TPE nothing: it goes on proposing where every trial fails.
#
# Versions  optuna 5.0.0 (Python 3.11)
# Expected  Raising, telling FAIL or returning NaN for a configuration that diverges keeps a sampler away from it, as a bad value would.
# Seen      Objective: distance of the learning rate from 0.05 in decades; whatever is above 0.1 fails. Told as FAIL or NaN, 20 of the last
#           20 of 40 proposals fail, for every one of six seeds: failed trials enter neither of the two densities, so the region in which
#           nothing ever succeeded keeps the prior's density under "bad" and looks best. Random search proposes 1 to 8 of 20 there. The same
#           failures, told as PRUNED or with a large finite value, leave 6 at most, and the best trial comes ten times closer.
# Matters   Learning rates of multimodal Transformers are best shortly below where they diverge. A search of forty trials then
#           wastes half of them, finds a worse rate than random search, and shows no error anywhere.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'optuna==5.0.0' 'numpy==2.4.6'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import math
import statistics

import optuna
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
TELL_FAILURE = {
    "FAIL": lambda study, trial: study.tell(trial, state=TrialState.FAIL),
    "NaN": lambda study, trial: study.tell(trial, math.nan),
    "PRUNED": lambda study, trial: study.tell(trial, state=TrialState.PRUNED),
    "100.0": lambda study, trial: study.tell(trial, 100.0),
}


def search(sampler, tell_failure):
    study = optuna.create_study(sampler=sampler)
    failed = []
    for _ in range(40):
        trial = study.ask()
        rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
        failed.append(rate > 0.1)
        if failed[-1]:
            tell_failure(study, trial)
        else:
            study.tell(trial, abs(math.log10(rate / 0.05)))
    return sum(failed[20:]), study.best_value


median_best = {}
for sampler, ways in ((optuna.samplers.TPESampler, TELL_FAILURE), (optuna.samplers.RandomSampler, ("FAIL",))):
    for way in ways:
        outcomes = [search(sampler(seed=seed), TELL_FAILURE[way]) for seed in range(6)]
        failures = [late for late, _ in outcomes]
        key = sampler.__name__, way
        median_best[key] = statistics.median(best for _, best in outcomes)
        print(f"{key[0]}, failure told as {way}: failing among the last 20, seeds 0 to 5: {failures}; "
              f"median distance of the best {median_best[key]:.3f}")
        if key[0] == "TPESampler":
            assert all(late == 20 for late in failures) if way in ("FAIL", "NaN") else all(late <= 8 for late in failures)
        else:
            assert all(late <= 10 for late in failures)
assert median_best["TPESampler", "FAIL"] > median_best["RandomSampler", "FAIL"]
assert median_best["TPESampler", "FAIL"] > 5 * median_best["TPESampler", "100.0"]
PYTHON
