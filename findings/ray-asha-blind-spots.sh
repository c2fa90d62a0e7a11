#!/usr/bin/env bash
# ASHA in Ray Tune neither stops a trial whose loss is NaN nor remembers its rungs when a study is restored.
#
# Versions  ray 2.60.0 (Python 3.11)
# Expected  ASHA stops what is clearly worse than the trials before it. A NaN loss is as bad as can be, and Tuner.restore goes on where
#           the study was interrupted.
# Seen      A trial whose loss is NaN in every epoch runs all epochs, where one with a poor but finite loss is stopped at the
#           first rung: every comparison with NaN is false. After Tuner.restore the rungs are empty, because the scheduler is unpickled
#           as it was before the first trial: the same poor trial, stopped at once in an uninterrupted study, now runs to its end.
# Matters   The most expensive trials of a search are then those that diverged, and a search on a cluster that was preempted
#           spends another budget per configuration than one that was not. Comparing methods "at equal search budget" goes wrong.
set -euo pipefail
place=$(mktemp -d /tmp/finding.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'ray[tune]==2.60.0'
cd "$place"
unset RAY_ADDRESS
export PLACE=$place RAY_USAGE_STATS_ENABLED=0 RAY_AIR_NEW_OUTPUT=0 TUNE_DISABLE_AUTO_CALLBACK_LOGGERS=1
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import logging
import math
import os
import pathlib

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler

PLACE = pathlib.Path(os.environ["PLACE"])
EPOCHS = 8
LOSSES = {"good": 1.0, "better": 0.9, "best": 0.8, "nan": math.nan, "poor": 9.0}


def train(config):
    if config["kind"] == "poor" and (PLACE / "interrupt").exists():
        raise RuntimeError("the machine is taken away")  # once, before the trial's first epoch
    for epoch in range(1, EPOCHS + 1):
        tune.report({"loss": LOSSES[config["kind"]], "epoch": epoch})


def epochs_run(results):
    return {result.config["kind"]: result.metrics["epoch"] for result in results if "epoch" in (result.metrics or {})}


def tuner(name):
    return tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),  # one at a time, in this order
        param_space={"kind": tune.grid_search(list(LOSSES))},
        tune_config=tune.TuneConfig(
            scheduler=ASHAScheduler(
                time_attr="epoch", metric="loss", mode="min", max_t=EPOCHS + 1, grace_period=1, reduction_factor=2
            )
        ),
        run_config=tune.RunConfig(name=name, storage_path=str(PLACE), verbose=0),
    )


logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL, _temp_dir=str(PLACE))
whole = epochs_run(tuner("whole").fit())
print(f"uninterrupted: epochs run {whole}")
assert whole["best"] == EPOCHS
assert whole["poor"] == 1, "ASHA does not stop the poor trial at the first rung"
assert whole["nan"] == EPOCHS, "ASHA now stops a trial whose loss is NaN"

(PLACE / "interrupt").touch()
before = epochs_run(tuner("interrupted").fit())
(PLACE / "interrupt").unlink()
restored = epochs_run(tune.Tuner.restore(str(PLACE / "interrupted"), train, restart_errored=True).fit())
print(f"interrupted before the last trial: {before}; after the restore: {restored}")
assert before == {kind: epochs for kind, epochs in whole.items() if kind != "poor"}
assert restored["poor"] == EPOCHS, "the rungs survive a restore now"
ray.shutdown()
PYTHON
