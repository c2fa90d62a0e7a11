#!/usr/bin/env bash
# Tuner.restore after fail_fast: nothing runs, and trials that never ran are TERMINATED without an error.
#
# Versions  ray 2.60.0 (Python 3.11)
# Expected  FailureConfig(fail_fast=True) ends an experiment at its first error. Once the cause is repaired, Tuner.restore(resume_errored=True)
#           runs the trial that failed and those that had not begun; without fail_fast it does.
# Seen      The restored experiment ends at once, and counts all trials as terminated and none as failed: the wish to stop is part of
#           the state that was saved. The trial that failed and the one that never began have no result and no error; a second restore
#           changes nothing.
# Matters   A grid of fusion methods or folds is cut off by one broken file and continued. What then comes back has no errors and
#           is "complete"; means over it are over the part that ran before.
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
import os
import pathlib

import ray
from ray import tune

PLACE = pathlib.Path(os.environ["PLACE"])
FOLDS = ["fold 0", "fold 1", "fold 2"]


def train(config):
    if config["fold"] == "fold 1" and (PLACE / "broken").exists():
        raise OSError("features of fold 1 cannot be read")
    for epoch in range(1, 4):
        tune.report({"epoch": epoch})


def epochs_of(results):
    return [(result.metrics or {}).get("epoch", 0) for result in results]


def run_and_restore(name, fail_fast):
    (PLACE / "broken").touch()
    first = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),  # one at a time, in this order
        param_space={"fold": tune.grid_search(FOLDS)},
        run_config=tune.RunConfig(
            name=name, storage_path=str(PLACE), verbose=0, failure_config=tune.FailureConfig(fail_fast=fail_fast)
        ),
    ).fit()
    (PLACE / "broken").unlink()
    restored = [tune.Tuner.restore(str(PLACE / name), train, resume_errored=True).fit() for _ in range(2)]
    for when, results in (("first", first), ("restored", restored[0]), ("again", restored[1])):
        print(f"fail_fast={fail_fast}, {when}: epochs {epochs_of(results)}, {results.num_terminated} terminated, {results.num_errors} failed")
    return restored[-1]


logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL, _temp_dir=str(PLACE))
patient = run_and_restore("patient", fail_fast=False)
assert epochs_of(patient) == [3, 3, 3]
hasty = run_and_restore("hasty", fail_fast=True)
assert (hasty.num_terminated, hasty.num_errors) == (3, 0)
assert sorted(epochs_of(hasty)) == [0, 0, 3], "the restored experiment runs what was left"
ray.shutdown()
PYTHON
