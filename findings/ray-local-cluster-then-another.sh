#!/usr/bin/env bash
# After a cluster of its own, a Python process gets no actor on a cluster that was started without tokens; plain tasks run as ever.
#
# Versions  ray 2.60.0 (Python 3.11)
# Expected  `ray.init()`, `ray.shutdown()`, then `ray.init(address=...)`: a notebook that tries something on its own machine and goes on
#           on the cluster. Whether a cluster asks for tokens is the cluster's affair, and is found out anew with every connection.
# Seen      The local `ray.init()` turns token authentication on for the whole process (it also leaves RAY_AUTH_MODE=token in its
#           environment) and `ray.shutdown()` does not turn it off. The next connection, to a cluster without tokens, succeeds, lists its
#           nodes and runs tasks. But the process now turns away the cluster's own calls, which carry no token, the cluster takes it for
#           dead, and ends each of its actors before it starts: "all references to the actor were removed". A fresh process gets them.
# Matters   Everything that runs in actors (Tune, Train) fails in such a notebook, each trial after its retries, with a message that speaks
#           of references and not of tokens.
set -euo pipefail
place=$(mktemp -d /tmp/finding.XXXXXX)
cluster=
trap 'kill -TERM "$cluster" 2> /dev/null && wait "$cluster" || true; rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'ray==2.60.0'
cd "$place"
unset RAY_ADDRESS RAY_AUTH_MODE RAY_AUTH_TOKEN RAY_AUTH_TOKEN_PATH
# A home without a token, as every home is before the first local cluster.
mkdir "$place/home"
export HOME=$place/home PLACE=$place RAY_USAGE_STATS_ENABLED=0
export PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
RAY_AUTH_MODE=disabled "$place/venv/bin/ray" start --head --port="$PORT" --num-cpus=2 --temp-dir="$place/c" \
  --include-dashboard=false --block > "$place/started" 2>&1 &
cluster=$!
for _ in $(seq 120); do grep -q "Ray runtime started" "$place/started" && break; sleep 0.5; done
cat > "$place/connect.py" <<'PYTHON'
import logging
import os
import sys

import ray

QUIET = {"log_to_driver": False, "logging_level": logging.CRITICAL}
if "local first" in sys.argv:
    ray.init(num_cpus=1, include_dashboard=False, _temp_dir=f"{os.environ['PLACE']}/own", **QUIET)
    ray.shutdown()
ray.init(address=f"127.0.0.1:{os.environ['PORT']}", **QUIET)


@ray.remote
def task():
    return "runs"


@ray.remote
class Actor:
    def answer(self):
        return "runs"


actor = Actor.remote()
try:
    answer = ray.get(actor.answer.remote(), timeout=60)
except ray.exceptions.RayError as error:
    answer = type(error).__name__
print("a task", ray.get(task.remote(), timeout=60), "| an actor:", answer)
PYTHON
fresh=$("$place/venv/bin/python" -W ignore "$place/connect.py" 2> "$place/err")
after=$("$place/venv/bin/python" -W ignore "$place/connect.py" "local first" 2> "$place/err")
echo "a fresh process:                     $fresh"
echo "the same after a cluster of its own: $after"
[ "$fresh" = "a task runs | an actor: runs" ] || { echo "a fresh process no longer uses the cluster"; exit 1; }
[ "$after" = "a task runs | an actor: ActorDiedError" ] || { echo "Ray now behaves otherwise"; exit 1; }
