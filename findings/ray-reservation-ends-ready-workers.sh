#!/usr/bin/env bash
# Reserving processors in Ray (a placement group, as Tune makes for every trial) ends the warm workers that they were reserved for.
#
# Versions  ray 2.60.0 (Python 3.11)
# Expected  Ray keeps as many idle workers as the node has processors, so that the next task finds one that has started and has its
#           modules imported. A placement group over these processors takes the same workers: they are what it is for.
# Seen      A worker counts as one too many as soon as there are more idle ones than processors that nobody has reserved. Reserving all of
#           them makes that number zero: within a second Ray ends every worker that has been idle for a second, and what is scheduled into
#           the group starts new processes. Without the group the same processes serve again after the same pause.
# Matters   Who preloads workers (torch and Tune take three seconds of processor time each), or whose actors of one study end before
#           those of the next begin, pays for the imports again, or now and then: it depends on whether Ray looks between the
#           reservation and the first actor. An internal setting, RAY_idle_worker_killing_time_threshold_ms, keeps them.
set -euo pipefail
place=$(mktemp -d /tmp/finding.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'ray==2.60.0'
cd "$place"
unset RAY_ADDRESS
export PLACE=$place RAY_USAGE_STATS_ENABLED=0
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import logging
import os
import time

import ray
from ray.util import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

NUM_CPUS, PAUSE_S = 2, 4.0


@ray.remote(num_cpus=1)
def worker():
    time.sleep(1)  # so that both processors are in use, each by a worker of its own
    return os.getpid()


def serve(group=None):
    options = {} if group is None else {"scheduling_strategy": PlacementGroupSchedulingStrategy(group)}
    return set(ray.get([worker.options(**options).remote() for _ in range(NUM_CPUS)]))


ray.init(
    num_cpus=NUM_CPUS,
    include_dashboard=False,
    log_to_driver=False,
    logging_level=logging.CRITICAL,
    _temp_dir=os.environ["PLACE"],
)
first = serve()
time.sleep(PAUSE_S)
again = serve()
group = placement_group([{"CPU": 1}] * NUM_CPUS)
assert group.wait(30)
time.sleep(PAUSE_S)
reserved = serve(group)
print(f"{len(first)} workers; after {PAUSE_S:g} idle seconds {len(again & first)} of them serve again;")
print(f"after {PAUSE_S:g} idle seconds beside a reservation of all processors, in it, {len(reserved & first)} of them")
assert again == first, "Ray now ends idle workers in any case"
assert not reserved & first, "Ray now keeps idle workers for what has reserved the processors"
remove_placement_group(group)
ray.shutdown()
PYTHON
