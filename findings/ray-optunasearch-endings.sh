#!/usr/bin/env bash
# What Optuna is told under Ray Tune of a trial that ends in NaN, of one that ASHA stops, and of seeds that diverge.
#
# Versions  ray 2.60.0, optuna 5.0.0 (Python 3.11)
# Expected  Ray Tune calls a trial that has ended TERMINATED and tells its searcher. Optuna documents FAIL for a value that is
#           not a number and PRUNED for a trial that a scheduler stopped, so one expects these two states in the study.
# Seen      A trial whose last result is NaN stays RUNNING in Optuna for ever: the searcher hands the value on as COMPLETE,
#           Optuna refuses it, and the refusal becomes a log line. A trial that ASHA stopped after its first epoch is COMPLETE
#           with the value of that epoch, beside values of trials that ran all of them. Repeater, which averages a configuration
#           over seeds, takes the mean of the seeds that survived: two of three may diverge, and nothing of it is told.
# Matters   In a search over multimodal models a bad learning rate diverges, and its last validation loss is NaN. The search then never
#           learns about that region, and a count of "running" trials in the storage never reaches zero. Where ASHA stops trials, the
#           sampler models a mixture of errors after one epoch and errors after forty as one quantity. Averaging over survivors favours
#           configurations that are unstable: the lucky seed of three beats a configuration that always trains.
set -euo pipefail
place=$(mktemp -d /tmp/finding.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'ray[tune]==2.60.0' 'optuna==5.0.0'
cd "$place"
unset RAY_ADDRESS
export PLACE=$place RAY_USAGE_STATS_ENABLED=0 RAY_AIR_NEW_OUTPUT=0 RAY_DEDUP_LOGS=0 TUNE_DISABLE_AUTO_CALLBACK_LOGGERS=1
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import logging
import math
import os

import optuna
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import Repeater
from ray.tune.search.optuna import OptunaSearch

EPOCHS = 4
# One trial diverges after its first epoch, three train well, and the last is so bad from the start that ASHA stops it.
LOSSES = {"good": 1.0, "better": 0.9, "best": 0.8, "diverges": math.nan, "hopeless": 9.0}


def train(config):
    for epoch in range(1, EPOCHS + 1):
        loss = LOSSES[config["kind"]] if epoch > 1 or config["kind"] == "hopeless" else 1.0
        tune.report({"loss": loss, "epoch": epoch})


kinds = list(LOSSES)
optuna.logging.set_verbosity(optuna.logging.ERROR)
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, _temp_dir=os.environ["PLACE"])
search = OptunaSearch(
    {"kind": optuna.distributions.CategoricalDistribution(kinds)},
    metric="loss",
    mode="min",
    sampler=optuna.samplers.RandomSampler(seed=0),
    points_to_evaluate=[{"kind": kind} for kind in kinds],
)
results = tune.Tuner(
    tune.with_resources(train, {"cpu": 1}),
    tune_config=tune.TuneConfig(
        search_alg=tune.search.ConcurrencyLimiter(search, max_concurrent=1),
        scheduler=ASHAScheduler(time_attr="epoch", metric="loss", mode="min", max_t=EPOCHS + 1, grace_period=1, reduction_factor=2),
        num_samples=len(kinds),
    ),
    run_config=tune.RunConfig(storage_path=os.environ["PLACE"], verbose=0),
).fit()
assert results.num_terminated == len(kinds), results
ray.shutdown()

told = {trial.params["kind"]: trial for trial in search._ot_study.trials}
epochs = {result.config["kind"]: result.metrics["epoch"] for result in results}
print(f"Ray: all {results.num_terminated} trials TERMINATED; epochs run: {epochs}")
for kind in ("diverges", "hopeless", "best"):
    print(f"Optuna: {kind}: {told[kind].state.name}, value {told[kind].value}")
assert told["best"].state.name == "COMPLETE"
assert told["diverges"].state.name == "RUNNING", "the trial that ended in NaN is no longer left running"
assert epochs["hopeless"] == 1 and told["hopeless"].state.name == "COMPLETE", "the trial that ASHA stopped is no longer complete"

# Three seeds of each of two configurations, given to the searcher as Tune gives them.
SEEDS = {"steady": (1.0, 1.1, 1.2), "unstable": (math.nan, 0.9, math.nan)}
search = OptunaSearch(
    {"kind": optuna.distributions.CategoricalDistribution(list(SEEDS))},
    metric="loss",
    mode="min",
    points_to_evaluate=[{"kind": kind} for kind in SEEDS],
)
repeater = Repeater(search, repeat=3)
for kind, losses in SEEDS.items():
    trials = [f"{kind}-{seed}" for seed in range(3)]
    assert {repeater.suggest(trial)["kind"] for trial in trials} == {kind}
    for trial, loss in zip(trials, losses, strict=True):
        repeater.on_trial_complete(trial, result={"loss": loss})
for kind, trial in zip(SEEDS, search._ot_study.trials, strict=True):
    print(f"Repeater: {kind}, seeds {SEEDS[kind]}: {trial.state.name}, value {trial.value:.2f}")
assert search._ot_study.best_params["kind"] == "unstable", "the survivors no longer decide"
PYTHON
