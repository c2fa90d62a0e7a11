#!/usr/bin/env bash
# Seeding torch on a machine without a GPU costs three stack traces, hundreds of times what setting the seed costs.
#
# Versions  torch 2.13.0 (Python 3.11), no GPU
# Expected  torch.manual_seed on a machine that has no accelerator sets the state of the one generator that there is.
# Seen      Each call also queues a seed for three kinds of accelerators that are not there, and formats the whole Python stack for each: three stack
#           traces per call, every call. torch.default_generator.manual_seed draws the same numbers and takes none.
# Matters   Code that seeds per step, so that a resumed run draws what an uninterrupted one would have drawn, pays it at every step, and the deeper the
#           call, the more.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0'
CUDA_VISIBLE_DEVICES= "$place/venv/bin/python" -W ignore - <<'PYTHON'
import timeit
import traceback

import torch

taken = 0
format_stack = traceback.format_stack


def counted(*arguments, **options):
    global taken
    taken += 1
    return format_stack(*arguments, **options)


traceback.format_stack = counted


def traces(seed):
    global taken
    taken = 0
    for _ in range(5):
        seed(1)
    return taken / 5


assert not torch.cuda.is_available()
seen = {
    "stack traces per torch.manual_seed": traces(torch.manual_seed),
    "stack traces per torch.default_generator.manual_seed": traces(torch.default_generator.manual_seed),
}
torch.manual_seed(7)
one = torch.rand(5)
torch.default_generator.manual_seed(7)
seen["both draw the same"] = bool(torch.equal(one, torch.rand(5)))
for name, value in seen.items():
    print(f"{name}: {value}")
for name, seed in (("torch.manual_seed", torch.manual_seed), ("the generator's own", torch.default_generator.manual_seed)):
    print(f"{name}: {min(timeit.repeat(lambda: seed(1), number=200, repeat=3)) / 200 * 1e6:.1f} microseconds here")
assert list(seen.values()) == [3.0, 0.0, True]
PYTHON
