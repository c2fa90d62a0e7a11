#!/usr/bin/env bash
# MLflow on SQLite: the "latest" metric of a run need not be the last one, and NaN and infinity come back as something else.
#
# Versions  mlflow 3.17.2 (Python 3.11)
# Expected  run.data.metrics holds the value that was logged last. A NaN is equal to nothing and lies on no side of 0. inf is inf.
#           A parameter that is logged again with another value is refused, as documented.
# Seen      Of values at one step and millisecond (one batch, or log_metric in a loop without step) MLflow keeps the *largest*, for losses
#           as for accuracies; a NaN among them counts as 0, so that it beats a correlation of -0.5 and loses to a loss of 0.5. "m != x" finds runs
#           whose metric is NaN, "m > x" and "m <= x" do not. inf is stored as 1.797e308, a finite number. A parameter is cut at 6,000
#           characters, and another value that agrees in these is taken for the same.
# Matters   Sweeps are ranked by exactly this field. A run that diverged at its end shows the loss it had before, the one with NaN in
#           every correlation ranks above all that correlate negatively, and a long list of files or an architecture passes for another one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'mlflow==3.17.2'
cd "$place"
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
"$place/venv/bin/python" -W ignore - 2> "$place/stderr" <<'PYTHON' || { cat "$place/stderr" >&2; exit 1; }
import math

from mlflow import MlflowClient
from mlflow.entities import Metric

client = MlflowClient("sqlite:///store.db")
experiment = client.create_experiment("sweep", artifact_location="artifacts")


def run_with(name, *values):
    run_id = client.create_run(experiment, run_name=name).info.run_id
    client.log_batch(run_id, metrics=[Metric("m", value, timestamp=1, step=0) for value in values])
    return run_id


def latest(*values):
    return client.get_run(run_with("ties", *values)).data.metrics["m"]


def found(condition):
    return sorted(run.info.run_name for run in client.search_runs([experiment], condition))


good = run_with("good", 0.8)
for name, value in {"nan": math.nan, "inf": math.inf}.items():
    run_with(name, value)
by_condition = {condition: found(condition) for condition in ("metrics.m != 0.8", "metrics.m > 0", "metrics.m <= 0")}
for condition, names in by_condition.items():
    print(f"{condition}: {names}")
assert "nan" in by_condition["metrics.m != 0.8"]
assert "nan" not in by_condition["metrics.m > 0"] + by_condition["metrics.m <= 0"]

for values in ((0.5, 0.4), (0.5, math.nan), (-0.5, math.nan), (math.nan, -0.5)):
    print(f"logged at one step and millisecond {values}: latest {latest(*values)}")
assert latest(0.5, 0.4) == 0.5
assert latest(0.5, math.nan) == 0.5 and math.isnan(latest(-0.5, math.nan)) and math.isnan(latest(math.nan, -0.5))

infinite = latest(math.inf)
print(f"logged inf: {infinite!r}, finite: {math.isfinite(infinite)}")
assert math.isfinite(infinite) and infinite > 1e308

client.log_param(good, "files", "x" * 7000)
client.log_param(good, "files", "x" * 6000 + "something else")  # another value: a short one is refused
kept = client.get_run(good).data.params["files"]
print(f"parameter of 7,000 characters: {len(kept):,} kept; another value with the same first 6,000 is accepted")
assert kept == "x" * 6000
client.log_param(good, "short", "a")
try:
    client.log_param(good, "short", "b")
except Exception as error:
    assert "not allowed" in str(error)
    print("short parameter logged again with another value: refused")
else:
    raise AssertionError("changed parameters are taken now")
PYTHON
